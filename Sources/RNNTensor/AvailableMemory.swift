import CRNNKernels
#if canImport(Darwin)
  import Darwin
#endif

/// How much more memory the process may take, and what bounds it.
package struct AvailableMemory: Sendable, Hashable {
  package let bytes: Int
  /// What leaves so much, in words: “the machine's 24 GB”.
  package let bound: String

  package init(bytes: Int, bound: String) { (self.bytes, self.bound) = (bytes, bound) }

  /// The least of what the machine, the process's control group and its limit of address space leave; nil where the system doesn't
  /// say.
  package static var now: AvailableMemory? {
    [addressSpace(), group(), machine()].compactMap(\.self).min { $0.bytes < $1.bytes }
  }

  // MARK: Bounds

  /// What `ulimit -v` leaves.
  private static func addressSpace() -> AvailableMemory? {
    var most = 0
    guard rnn_address_space_limit(&most), (0..<1 << 60).contains(most) else { return nil }
    let taken = Status("/proc/self/status")["VmSize"] ?? 0
    return AvailableMemory(bytes: max(most - taken, 0), bound: "the limit of \(Self.megabytes(most)) (ulimit -v)")
  }

  /// What the machine has besides what is in use.
  private static func machine() -> AvailableMemory? {
    #if canImport(Darwin)
      var physical: UInt64 = 0
      var size = MemoryLayout<UInt64>.size
      guard sysctlbyname("hw.memsize", &physical, &size, nil, 0) == 0 else { return nil }
      // What others take can be compressed, or go to the disk.
      let bytes = Int(clamping: physical) - (ProcessMemory.now ?? 0)
      return AvailableMemory(bytes: max(bytes, 0), bound: "the machine's \(megabytes(Int(clamping: physical)))")
    #else
      let status = Status("/proc/meminfo")
      guard let available = status["MemAvailable"], let all = status["MemTotal"] else { return nil }
      return AvailableMemory(bytes: available + (status["SwapFree"] ?? 0), bound: "the machine's \(megabytes(all))")
    #endif
  }

  /// What the control groups leave that the process is in, those of a container among them.
  ///
  /// - Parameter root: the folder of `proc` and `sys`.
  package static func group(root: String = "") -> AvailableMemory? {
    var least: AvailableMemory?
    for line in lines("\(root)/proc/self/cgroup") {
      // “0::/path” is of version 2, “5:memory:/path” of version 1.
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let isNew = parts[0] == "0"
      guard isNew || parts[1].split(separator: ",").contains("memory") else { continue }
      let base = "\(root)/sys/fs/cgroup" + (isNew ? "" : "/memory")
      // A group's limit is also that of the groups in it. In a container its own one may be the root.
      var path = parts[2].split(separator: "/")
      while true {
        if let found = group(in: ([base[...]] + path).joined(separator: "/"), isNew), found.bytes < least?.bytes ?? .max { least = found }
        if path.popLast() == nil { break }
      }
    }
    return least
  }

  private static func group(in folder: String, _ isNew: Bool) -> AvailableMemory? {
    func number(_ name: String) -> Int? { lines("\(folder)/\(name)").first.flatMap { Int($0) } }
    guard let most = number(isNew ? "memory.max" : "memory.limit_in_bytes"), most < 1 << 60,
      let taken = number(isNew ? "memory.current" : "memory.usage_in_bytes")
    else { return nil }
    // Pages of files go when memory is needed.
    let pages = Status("\(folder)/memory.stat")[isNew ? "inactive_file" : "total_inactive_file"] ?? 0
    return AvailableMemory(bytes: max(most - taken + pages, 0), bound: "the control group's limit of \(megabytes(most))")
  }

  // MARK: Files of the system

  /// Lines of a name and a number: “MemFree:  1024 kB”, “inactive_file 4096”.
  private struct Status {
    private let lines: [Substring]

    init(_ path: String) { lines = AvailableMemory.lines(path) }

    subscript(name: String) -> Int? {
      for line in lines where line.hasPrefix(name) {
        let words = line.split { $0 == ":" || $0 == " " || $0 == "\t" }
        guard words.first == name[...], words.count > 1, let number = Int(words[1]) else { continue }
        return number.multipliedReportingOverflow(by: words.last == "kB" ? 1024 : 1).partialValue
      }
      return nil
    }
  }

  private static func lines(_ path: String) -> [Substring] {
    guard let bytes = try? Files.read(path, limit: 1 << 20) else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
  }

  private static func megabytes(_ bytes: Int) -> String { MemoryNeed.text(Double(bytes)) }
}
