import Foundation
import RNNTestSupport
import Testing

@Suite struct TensorTests {
  @Test func writingCopiesOnlyWhatIsShared() {
    var a = Tensor(zeros: [2, 2])
    let address = a.withPointer { UInt(bitPattern: $0) }
    a[0, 1] = 5
    #expect(a.withPointer { UInt(bitPattern: $0) } == address)
    let b = a
    a[1, 1] = 7
    #expect(b == Tensor([0, 5, 0, 0], shape: [2, 2]))
    #expect(a == Tensor([0, 5, 0, 7], shape: [2, 2]))
    #expect(b.withPointer { UInt(bitPattern: $0) } == address)
    var c = b.reshaped([4])
    c[0] = 1
    #expect(b[0, 0] == 0)
    c.add(c)
    #expect(c == Tensor([2, 10, 0, 0], shape: [4]))
  }

  /// Rows share the numbers until one of the two is written, whichever it is.
  @Test func rowsAreCopiedWhenWritten() {
    var whole = Tensor([1, 2, 3, 4, 5, 6], shape: [3, 2])
    var rows = whole.rows(1..<3)
    #expect(rows == Tensor([3, 4, 5, 6], shape: [2, 2]))
    #expect(rows.withPointer { UInt(bitPattern: $0) } == whole.withPointer { UInt(bitPattern: $0 + 2) })
    whole[1, 0] = 30
    #expect(rows[0, 0] == 3)
    rows = whole.rows(0..<1)
    rows[0, 1] = 20
    #expect(whole == Tensor([1, 2, 30, 4, 5, 6], shape: [3, 2]))
  }

  @Test func equalityIsOfBits() {
    let nan = Tensor([.nan], shape: [1])
    #expect(nan == nan)
    #expect(nan == Tensor([.nan], shape: [1]))
    #expect(Tensor([0], shape: [1]) != Tensor([-0.0], shape: [1]))
    #expect(Tensor([1], shape: [1]) != Tensor([1], shape: [1, 1]))
    #expect(Tensor(1) == Tensor([1], shape: []))
  }

  @Test func emptyTensorsAreTensors() {
    let x = Variable(Tensor(zeros: [0, 3]))
    #expect((x + x).shape == [0, 3])
    #expect(x.sum().value.item == 0)
    #expect(x.sum(axis: 0).value == Tensor(zeros: [3]))
    #expect(linear(x, Variable(Tensor(zeros: [2, 3]))).shape == [0, 2])
  }

  @Test func weightsKeepTheirOrder() throws {
    var weights: Weights = ["b": Tensor(1), "a": Tensor(2), "c": Tensor(zeros: [3])]
    weights["a"] = Tensor(4)
    #expect(weights.names == ["b", "a", "c"])
    #expect(weights.parameterCount == 5)
    weights["b"] = nil
    weights["d"] = Tensor(5)
    #expect(weights.names == ["a", "c", "d"])
    #expect(weights["d"] == Tensor(5))
    #expect(weights.zeros()["d"] == Tensor(0))
    #expect(weights != ["c": Tensor(zeros: [3]), "a": Tensor(4), "d": Tensor(5)])
    try weights.validate(like: ["c": Tensor(zeros: [3]), "a": Tensor(0), "d": Tensor(0)])
  }

  @Test func validationNamesTheFirstDifference() {
    let weights: Weights = ["w": Tensor(zeros: [2, 3])]
    func message(_ expected: Weights) -> String? {
      do {
        try weights.validate(like: expected)
        return nil
      } catch {
        return "\(error)"
      }
    }
    #expect(message(["w": Tensor(zeros: [2, 3]), "b": Tensor(0)]) == "the tensor b is missing")
    #expect(message(["w": Tensor(zeros: [3, 2])]) == "the tensor w has the shape [2, 3], expected was [3, 2]")
    #expect(message([:]) == "the tensor w is not expected")
  }

  @Test func scopesArePrefixes() {
    let weights: Weights = ["decoder.out.w": Tensor(1), "w": Tensor(2)]
    let taped = TapedWeights(constant: weights)
    #expect(taped.scoped("decoder").scoped("out")["w"].value.item == 1)
    #expect(taped["w"].value.item == 2)
    #expect(taped.contains("w") && !taped.scoped("decoder").contains("w"))
    let tied = taped.scoped("decoder").replacing("out.w", with: taped["w"])
    #expect(tied["out.w"].value.item == 2)
  }
}

@Suite struct ThreadsTests {
  @Test(arguments: [1, 2, 5]) func everyIndexIsVisitedOnce(threads: Int) {
    withThreads(threads) {
      for n in [0, 1, 2, 100] {
        var visits = [Int](repeating: 0, count: n)
        visits.withUnsafeMutableBufferPointer { visits in
          let visits = visits
          Threads.parallel(n) { visits[$0] += 1 }
        }
        #expect(visits.allSatisfy { $0 == 1 })
      }
    }
  }

  @Test func blocksCoverTheRange() {
    for (count, size) in [(0, 4), (3, 4), (4, 4), (5, 4), (10, 0)] {
      var seen = [Int](repeating: 0, count: count)
      seen.withUnsafeMutableBufferPointer { seen in
        let seen = seen
        Threads.blocks(of: count, size: size) { for i in $0 { seen[i] += 1 } }
      }
      #expect(seen.allSatisfy { $0 == 1 })
    }
  }
}

@Suite struct RandomTests {
  @Test func anyPlaceCanBeReachedAtOnce() throws {
    var whole = Philox(seed: 1, stream: 2)
    let numbers = (0..<20).map { _ in whole.next() }
    for i in 0..<20 {
      var later = Philox(seed: 1, stream: 2)
      later.skip(UInt64(i))
      #expect(later.next() == numbers[i])
    }
    let saved = try JSONEncoder().encode(whole)
    var restored = try JSONDecoder().decode(Philox.self, from: saved)
    #expect(restored == whole)
    #expect(restored.next() == whole.next())
    #expect(Set(numbers).count == 20)
  }

  /// The known answer of Random123 for a key and a counter of zeros: the seed is the one that makes our key zero.
  @Test func drawsAreTheKnownAnswer() {
    var random = Philox(seed: 0x9E37_79B9_7F4A_7C15)
    #expect([random.next(), random.next()] == [0xE169_C58D_6627_E8D5, 0x9B00_DBD8_BC57_AC4C])
  }

  @Test func seedsAndStreamsDiffer() {
    var a = Philox(seed: 1), b = Philox(seed: 2), c = Philox(seed: 1, stream: 1)
    #expect(Set([a.next(), b.next(), c.next()]).count == 3)
  }

  @Test func uniformsFillTheirRange() {
    var random = Philox(seed: 4)
    let x = Tensor(uniform: -2..<3, shape: [100_000], using: &random).values
    #expect(x.allSatisfy { $0 >= -2 && $0 < 3 })
    let mean = x.reduce(0.0) { $0 + Double($1) } / 1e5
    #expect(abs(mean - 0.5) < 5 * 5 / (12 * 1e5).squareRoot())
  }

  @Test func normalsHaveTheirMoments() {
    var random = Philox(seed: 5)
    let x = Tensor(normalMean: 1, deviation: 2, shape: [100_000], using: &random).values.map { (Double($0) - 1) / 2 }
    for (power, expected, variance) in [(1, 0.0, 1.0), (2, 1, 2), (3, 0, 15), (4, 3, 96)] {
      let moment = x.reduce(0.0) { $0 + pow($1, Double(power)) } / 1e5
      #expect(abs(moment - expected) < 5 * (variance / 1e5).squareRoot(), "moment \(power)")
    }
  }
}
