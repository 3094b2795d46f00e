import Foundation
public import RNNTensor

/// Reads rows of numbers that another program made of sound: `.mfc` of Sphinx, `.npy` of NumPy.
public enum FeatureFile {
  /// Whether a file's name says that it has rows, not sound.
  public static func isNamed(_ path: String) -> Bool { [".mfc", ".npy"].contains { path.lowercased().hasSuffix($0) } }

  /// The numbers of a row as the file says: NumPy's do, those of Sphinx don't (nil).
  ///
  /// - Throws: as ``rows(contentsOf:size:)``.
  public static func size(contentsOf path: String) throws(RNNError) -> Int? {
    let bytes = try bytes(contentsOf: path)
    return bytes.starts(with: magic) ? try numpy(bytes, name: path).size : nil
  }

  /// The rows in a file, `[rows, size]`.
  ///
  /// - Parameter size: the numbers of a row, which a file of Sphinx doesn't say.
  /// - Throws: as for reading a file, and `.badData` with what was found and expected.
  public static func rows(contentsOf path: String, size: Int) throws(RNNError) -> Tensor {
    try rows(try bytes(contentsOf: path), size: size, name: path)
  }

  /// The bytes of a file whose first ones are those of a file of rows.
  private static func bytes(contentsOf path: String) throws(RNNError) -> [UInt8] {
    var file = try InputFile(path)
    let start = try file.read(magic.count)
    if start != magic, let size = file.size { _ = try isBigEndian(start, size: size, name: path) }
    return start + (try file.readAll(limit: WAV.largest))
  }

  /// The same of a file that is in memory.
  public static func rows(_ bytes: [UInt8], size: Int, name: String) throws(RNNError) -> Tensor {
    precondition(size > 0, "a row has at least one number")
    let isNumPy = bytes.starts(with: magic)
    let (values, found) = isNumPy ? try numpy(bytes, name: name) : (try sphinx(bytes, size: size, name: name), size)
    guard found == size else { throw RNNError(.badData, "\(name): found rows of \(found) numbers, expected \(size)") }
    if let bad = values.firstIndex(where: { !$0.isFinite }) {
      throw RNNError(
        .badData, "\(name), row \(bad / size + 1), number \(bad % size + 1): found \(values[bad]), expected a finite number")
    }
    return Tensor(values, shape: [values.count / size, size])
  }

  /// The number of floats, then they, in one byte order or the other: the one in which the number is right.
  private static func sphinx(_ bytes: [UInt8], size: Int, name: String) throws(RNNError) -> [Float] {
    let isBig = try isBigEndian(bytes, size: bytes.count, name: name), count = (bytes.count - 4) / 4
    guard count % size == 0 else {
      throw RNNError(.badData, "\(name): found \(count) floats, expected a multiple of \(size), the numbers of a row")
    }
    return bytes.withUnsafeBytes { bytes in
      (0..<count).map { i in
        let bits = bytes.loadUnaligned(fromByteOffset: 4 + 4 * i, as: UInt32.self)
        return Float(bitPattern: isBig ? UInt32(bigEndian: bits) : UInt32(littleEndian: bits))
      }
    }
  }

  /// Checks that the first four bytes, big-endian, hold the number of floats.
  ///
  /// - Parameter size: the file's bytes.
  private static func isBigEndian(_ start: [UInt8], size: Int, name: String) throws(RNNError) -> Bool {
    guard start.count >= 4 else {
      throw RNNError(.badData, "\(name): found \(start.count) bytes, expected the number of floats in the first 4, and then they")
    }
    let big = start[..<4].reduce(0) { $0 << 8 | Int($1) }, little = start[..<4].reversed().reduce(0) { $0 << 8 | Int($1) }
    let there = size - 4
    guard there == big * 4 || there == little * 4 else {
      throw RNNError(
        .badData,
        "\(name): found \(there) bytes after a count of \(big) floats (\(little) in the other byte order), expected four for each")
    }
    return there == big * 4
  }

  // MARK: NumPy

  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// NumPy's format 1 to 3: a header in Python's syntax, then the numbers.
  private static func numpy(_ bytes: [UInt8], name: String) throws(RNNError) -> (values: [Float], size: Int) {
    func wrong(_ found: String, _ expected: String) -> RNNError {
      RNNError(.badData, "\(name): found \(found), expected \(expected)")
    }
    guard bytes.count >= 12 else { throw wrong("\(bytes.count) bytes", "the header of an array of NumPy") }
    let start = bytes[6] >= 2 ? 12 : 10
    let length = bytes[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }, begin = start + length
    guard (1...3).contains(bytes[6]), begin <= bytes.count, let header = String(validating: bytes[start..<begin], as: UTF8.self) else {
      throw wrong("a header of \(length) bytes in version \(bytes[6])", "one of version 1 to 3 within the file")
    }
    func value(_ key: String) -> Substring? {
      guard let place = header.range(of: "'\(key)':") else { return nil }
      return header[place.upperBound...].drop { $0 == " " }
    }
    guard let type = value("descr"), let order = value("fortran_order"), let shape = value("shape"), shape.first == "(",
      let end = shape.firstIndex(of: ")")
    else { throw wrong("the header \(header.prefix(80))", "descr, fortran_order and shape") }
    guard order.hasPrefix("False") else { throw wrong("an array in Fortran's order", "rows one behind the other") }
    let isDouble = type.hasPrefix("'<f8'"), width = isDouble ? 8 : 4
    guard isDouble || type.hasPrefix("'<f4'") else {
      throw wrong("numbers of the type \(type.prefix(6))", "floats of 4 or 8 bytes, '<f4' or '<f8'")
    }
    let dimensions = shape[..<end].dropFirst().split(separator: ",").map { Int($0.trimmingCharacters(in: .whitespaces)) }
    // No array in the file has more rows or columns than the file has bytes: so no product below is too large.
    guard dimensions.count == 2, let rows = dimensions[0], let size = dimensions[1], rows >= 0, (1...bytes.count).contains(size) else {
      throw wrong("the shape (\(shape[..<end].dropFirst().prefix(40)))", "two dimensions: rows, and the numbers of each")
    }
    let there = bytes.count - begin
    guard there % (size * width) == 0, there / (size * width) == rows else {
      throw wrong("\(there) bytes of numbers", "\(rows) rows of \(size) numbers of \(width) bytes")
    }
    let values = bytes.withUnsafeBytes { bytes in
      (0..<rows * size).map { i in
        isDouble
          ? Float(Double(bitPattern: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: begin + 8 * i, as: UInt64.self))))
          : Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: begin + 4 * i, as: UInt32.self)))
      }
    }
    return (values, size)
  }
}
