import CRNNKernels
import Foundation
import Synchronization
import Testing

/// What happened in a loop: how often each index ran, and on which threads.
private final class Record: Sendable {
  let counts: Mutex<[Int]>
  let threads = Mutex<Set<Int>>([])
  let body: @Sendable (Int) -> Void

  init(_ count: Int, body: @escaping @Sendable (Int) -> Void = { _ in }) {
    counts = Mutex([Int](repeating: 0, count: count))
    self.body = body
  }

  /// Runs the loop and returns whether each index ran exactly once.
  func run() -> Bool {
    let count = counts.withLock { $0.count }
    rnn_parallel(
      Int32(count),
      { context, index in
        let record = Unmanaged<Record>.fromOpaque(context!).takeUnretainedValue()
        record.counts.withLock { $0[Int(index)] += 1 }
        _ = record.threads.withLock { $0.insert(pthread_self().hashValue) }
        record.body(Int(index))
      }, Unmanaged.passUnretained(self).toOpaque())
    return counts.withLock { $0.allSatisfy { $0 == 1 } }
  }

  var threadCount: Int { threads.withLock { $0.count } }
}

extension Kernels {
  @Suite struct Threads {
    @Test func everyIndexRunsOnce() {
      for threads in [1, 2, 3, 8] {
        withThreads(threads) {
          #expect(rnn_thread_count() == Int32(threads))
          for count in [0, 1, 2, 3, 17, 1000] {
            let record = Record(count)
            #expect(record.run(), "\(threads) threads, \(count) indices")
            #expect(record.threadCount <= threads)
          }
        }
      }
    }

    @Test func theNumberOfThreadsIsAtLeastOne() {
      #expect(rnn_thread_count() >= 1)
      for count in [0, -3, Int(Int32.min)] { withThreads(count) { #expect(rnn_thread_count() == 1) } }
    }

    @Test func aNestedLoopRunsOnItsCaller() {
      withThreads(3) {
        let right = Mutex(0)
        let outer = Record(12) { _ in
          let inner = Record(5)
          if inner.run() && inner.threadCount == 1 { right.withLock { $0 += 1 } }
        }
        #expect(outer.run())
        #expect(right.withLock { $0 } == 12)
      }
    }

    @Test func manyCallersAtOnce() {
      withThreads(3) {
        let failures = Mutex(0)
        DispatchQueue.concurrentPerform(iterations: 6) { caller in
          for round in 0..<300 where !Record(1 + (round * 7 + caller) % 40).run() { failures.withLock { $0 += 1 } }
        }
        #expect(failures.withLock { $0 } == 0)
      }
    }

    @Test func sleepingWorkersWake() {
      withThreads(2) {
        var woken = 0
        // A loop runs on its caller alone while a test of another suite uses the pool: not every round says something.
        for _ in 0..<400 where woken < 20 {
          usleep(2000)  // longer than the workers spin
          let meeting = Meeting()
          let record = Record(2) { _ in meeting.arrive() }
          #expect(record.run())
          if record.threadCount == 2 { woken += 1 }
        }
        #expect(woken > 0)
      }
    }
  }
}

/// Holds each of two threads until the other has come, but not for ever: it may be that nobody comes.
private final class Meeting: Sendable {
  private let arrived = Atomic<Int>(0)

  func arrive() {
    arrived.add(1, ordering: .sequentiallyConsistent)
    for _ in 0..<500 where arrived.load(ordering: .sequentiallyConsistent) < 2 { usleep(100) }
  }
}
