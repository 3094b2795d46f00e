import RNN

/// The files that a command writes. A command announces them before it reads anything, so that no input is overwritten: from
/// then on none of them can be opened for reading. Inputs that the call itself names are passed too, to be looked at at once.
enum Outputs {
  /// Announces a model, and its checkpoint while it is trained.
  static func announce(model path: String, checkpoint: String? = nil, reading inputs: [String] = []) throws {
    var files = [OutputFile(path, "the model", option: "-o")]
    // A device or a pipe has nothing beside it.
    if let checkpoint, Files.isOrdinary(path) { files.append(OutputFile(checkpoint, "the checkpoint of the model", option: "-o")) }
    try announce(files, checkpoint: checkpoint, reading: inputs)
  }

  /// Announces a saved state and a picture, where there are any.
  static func announce(state: String? = nil, picture: (path: String?, option: String)? = nil, reading inputs: [String?]) throws {
    var files: [OutputFile] = []
    if let state { files.append(OutputFile(state, "the state", option: "--save-state")) }
    if let picture, let path = picture.path { files.append(OutputFile(path, "the picture", option: picture.option)) }
    try announce(files, checkpoint: nil, reading: inputs.compactMap(\.self))
  }

  private static func announce(_ files: [OutputFile], checkpoint: String?, reading inputs: [String]) throws {
    for file in files where file.path != checkpoint && file.path.hasSuffix(".checkpoint") {
      throw RNNError(
        .usage, "\(file.path) has the name of a checkpoint, which a run of training may write or remove: give \(file.option) another file")
    }
    try OutputFile.announce(files)
    for path in inputs where path != "-" { try OutputFile.refuseToRead(path) }
  }
}
