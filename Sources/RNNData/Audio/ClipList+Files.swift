import RNNTensor

/// The files that lists of clips name.
extension ClipList {
  /// The files that a field names: one, if there is a file of that name, else those between its spaces.
  ///
  /// - Parameter mustExist: whether a file that is missing is an error here; else it shows when it is read.
  static func files(_ field: String, folder: String, mustExist: Bool, at place: String) throws(RNNError) -> [String] {
    func path(_ name: Substring) -> String { Self.path(name, folder: folder) }
    let whole = path(field[...])
    let names = field.split(separator: " ")
    guard !names.isEmpty, !field.contains("\0") else { throw RNNError(.badData, "\(place): found no path, expected that of a clip") }
    let files = names.count == 1 || Files.exists(whole) ? [names.count == 1 ? path(names[0]) : whole] : names.map(path)
    if files.count == 1, !Files.exists(files[0]), let bare = bareFile(names[0], folder: folder) { return [bare] }
    guard mustExist else { return files }
    for file in files {
      do throws(RNNError) {
        try check(file)
      } catch {
        throw RNNError(.badData, "\(place): \(error.message); paths start from the folder of the list, or from --folder")
      }
    }
    return files
  }

  private static func check(_ path: String) throws(RNNError) {
    guard Files.exists(path) else { throw RNNError(.noInput, "no such file: \(path)") }
    guard !Files.isDirectory(path) else { throw RNNError(.noInput, "\(path) is a directory, expected a file") }
  }

  /// True for a list whose fields are separated by bars: a file is named before the first bar.
  static func areBars(_ sample: [UInt8], folder: String) -> Bool {
    let line = sample.drop { $0 == 0x0A || $0 == 0x0D }.prefix { $0 != 0x0A && $0 != 0x0D }
    let fields = line.split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false)
    guard fields.count > 1, !line.contains(0x09), let name = String(validating: fields[0], as: UTF8.self), !name.isEmpty else { return false }
    return Files.exists(Self.path(name[...], folder: folder)) || bareFile(name[...], folder: folder) != nil
  }

  static func isBare(_ name: String, folder: String) -> Bool {
    !Files.exists(path(name[...], folder: folder)) && bareFile(name[...], folder: folder) != nil
  }

  /// The WAV file that a name without an ending means: beside the list, or in its folder `wavs`.
  private static func bareFile(_ name: Substring, folder: String) -> String? {
    ["\(name).wav", "wavs/\(name).wav"].map { path($0[...], folder: folder) }.first(where: Files.exists)
  }

  private static func path(_ name: Substring, folder: String) -> String {
    if name.hasPrefix("/") || folder.isEmpty { return String(name) }
    return folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }
}
