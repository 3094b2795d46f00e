import RNNTensor
import Testing

@Suite struct MemoryPoolTests {
  /// A pool and the system it has its memory from: no address may be in use twice, and none may get lost.
  private struct Simulation {
    var pool = MemoryPool()
    private(set) var existing: Set<UInt> = []
    private var inUse: Set<UInt> = []
    private(set) var made = 0

    mutating func take(_ size: Int) -> UInt {
      let address: UInt
      let (kept, unneeded) = pool.take(size)
      free(unneeded)
      #expect(pool.used + pool.kept <= pool.bound)
      if let kept {
        #expect(existing.contains(kept))
        address = kept
      } else {
        made += 1
        address = UInt(made)
        existing.insert(address)
      }
      #expect(inUse.insert(address).inserted)
      return address
    }

    mutating func giveBack(_ address: UInt, _ size: Int) {
      #expect(inUse.remove(address) != nil)
      free(pool.giveBack(address, size))
      #expect(pool.used + pool.kept <= pool.bound)
    }

    mutating func free(_ addresses: [UInt]) {
      for address in addresses { #expect(existing.remove(address) != nil && !inUse.contains(address)) }
    }
  }

  private let mega = 1 << 20

  /// What one shape asks for again and again is made once, even where its sizes are in use one after the other.
  @Test func oneShapeIsKept() {
    var simulation = Simulation()
    for _ in 0..<20 {
      let a = simulation.take(20 * mega), b = simulation.take(30 * mega)
      simulation.giveBack(b, 30 * mega)
      let c = simulation.take(10 * mega)
      simulation.giveBack(a, 20 * mega)
      simulation.giveBack(c, 10 * mega)
    }
    #expect(simulation.made == 3 && simulation.pool.kept == 60 * mega && simulation.pool.used == 0)
  }

  /// Many shapes: what is kept stays within the bound, and what was asked for lately is still there.
  @Test func manyShapesStayWithinTheBound() {
    var simulation = Simulation()
    for size in (1...200).map({ 10 * mega + 16 * $0 }) {
      let a = simulation.take(size), b = simulation.take(size)
      simulation.giveBack(a, size)
      simulation.giveBack(b, size)
    }
    #expect(simulation.made == 400 && simulation.existing.count == 2)
    _ = simulation.take(10 * mega + 16 * 200)
    #expect(simulation.made == 400)
  }

  /// Little memory is kept whatever was in use.
  @Test func littleIsKept() {
    var simulation = Simulation()
    for size in (1...80).map({ 4096 * $0 }) + (1...80).map({ 4096 * $0 }) { simulation.giveBack(simulation.take(size), size) }
    #expect(simulation.made == 80)
  }

  @Test func aLimitHolds() {
    var simulation = Simulation()
    let blocks = (1...5).map { simulation.take(mega * $0) }
    for (i, block) in blocks.enumerated() { simulation.giveBack(block, mega * (i + 1)) }
    #expect(simulation.pool.kept == 15 * mega)
    simulation.free(simulation.pool.empty(limit: 2 * mega))
    #expect(simulation.pool.kept == 0 && simulation.existing.isEmpty)
    for size in [2 * mega, mega, 3 * mega] { simulation.giveBack(simulation.take(size), size) }
    #expect(simulation.pool.kept <= 2 * mega)
  }
}
