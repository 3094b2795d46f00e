import Foundation
import RNNTestSupport
import Testing

/// Numbers from outside are bounded where they come in, and what they ask for is compared with what there is.
struct LimitsTests {
  private struct Sizes: Decodable {
    let units: Int
    let rate: Double?

    enum CodingKeys: String, CodingKey { case units, rate }

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: CodingKeys.self)
      units = try values.decode(Limits.units, forKey: .units)
      rate = try values.decodeIfPresent(Limits.rate, forKey: .rate)
    }
  }

  private func sizes(_ json: String) throws -> Sizes { try JSONDecoder().decode(Sizes.self, from: Data(json.utf8)) }

  @Test func decodedNumbersAreChecked() throws {
    #expect(try sizes(#"{"units":1048576}"#).units == 1 << 20)
    #expect(try sizes(#"{"units":1,"rate":0.5}"#).rate == 0.5)
    for (json, message) in [
      (#"{"units":0}"#, "“units” is 0, expected a whole number from 1 to 1048576"),
      (#"{"units":9223372036854775807}"#, "“units” is 9223372036854775807, expected a whole number from 1 to 1048576"),
      // 1 as a Float.
      (#"{"units":1,"rate":0.999999999999}"#, "“rate” is 0.999999999999, expected a number from 0 to below 1"),
      (#"{"units":1,"rate":-1}"#, "“rate” is -1.0, expected a number from 0 to below 1"),
    ] {
      let error = #expect(throws: RNNError.self) { try sizes(json) }
      #expect(error == RNNError(.badData, message))
    }
  }

  /// What is computed with sizes before they are compared with anything else: no product overflows.
  @Test func productsFit() {
    let sizes = [Limits.units, Limits.textLength, Limits.windowSteps, Limits.rows, Limits.lag, Limits.seasonality, Limits.vocabulary, Limits.rowSize]
    for a in sizes {
      for b in sizes { #expect(!a.range.upperBound.multipliedReportingOverflow(by: 64 * b.range.upperBound).overflow) }
      // Of a number of bytes in a file.
      #expect(!a.range.upperBound.multipliedReportingOverflow(by: 1 << 37).overflow)
    }
    #expect(Int32(exactly: Limits.batchSteps.range.upperBound) != nil && Int32(exactly: Limits.soundRows.range.upperBound) != nil)
    #expect(Float(Limits.rate.range.upperBound) < 1 && Limits.rate.contains(0.99))
  }

  @Test func memoryIsComparedWithWhatThereIs() throws {
    var need = MemoryNeed("weights", bytes: 33e9)
    need.add("their gradient", bytes: 66e9)
    need.add("nothing", bytes: 0)
    let much = AvailableMemory(bytes: 100_000_000_000, bound: "the machine's 128 GB"), little = AvailableMemory(bytes: 2_000_000_000, bound: "the machine's 4.0 GB")
    try need.check("this", "lower it", available: much)
    try need.check("this", "lower it", available: nil)
    let error = #expect(throws: RNNError.self) { try need.check("this", "lower it", .badData, available: little) }
    #expect(
      error == RNNError(.badData, "this needs at least 99.0 GB of memory (66.0 GB for their gradient, 33.0 GB for weights); there are 2.0 GB of the machine's 4.0 GB: lower it"))
    // Sizes whose product no integer holds.
    #expect(throws: RNNError.self) { try MemoryNeed("weights", bytes: 4 * 0x1p63 * 0x1p63).check("this", "lower it", available: much) }
    #expect(MemoryNeed.text(999.4) == "999 bytes" && MemoryNeed.text(1e12) == "1.0 TB" && MemoryNeed.text(163.2e9) == "163 GB")
    #expect(MemoryNeed.text(.infinity).contains("EB"))
    #expect(AvailableMemory.now.map { $0.bytes > 0 } ?? true)
  }

  /// The least limit of a control group and those around it counts, less what is taken and can't be given back.
  @Test func controlGroups() throws {
    let new = try TemporaryFolder([
      "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "max\n", "sys/fs/cgroup/a/b/memory.current": "5\n",
      "sys/fs/cgroup/a/memory.max": "1000000\n", "sys/fs/cgroup/a/memory.current": "400000\n",
      "sys/fs/cgroup/a/memory.stat": "anon 1\ninactive_file 100000\n",
    ])
    #expect(AvailableMemory.group(root: new[""]) == AvailableMemory(bytes: 700_000, bound: "the control group's limit of 1.0 MB"))
    let old = try TemporaryFolder([
      "proc/self/cgroup": "7:cpu:/x\n5:memory:/x\n", "sys/fs/cgroup/memory/x/memory.limit_in_bytes": "2000000\n",
      "sys/fs/cgroup/memory/x/memory.usage_in_bytes": "3000000\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
    ])
    #expect(AvailableMemory.group(root: old[""]) == AvailableMemory(bytes: 0, bound: "the control group's limit of 2.0 MB"))
    #expect(AvailableMemory.group(root: try TemporaryFolder()[""]) == nil)
  }
}
