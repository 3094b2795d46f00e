import ArgumentParser
import Foundation
import RNN

struct TrainGenerate: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "generate", abstract: "Train a model of text.")
  @Argument var files: [String]
  @Option(name: .shortAndLong) var output: String
  @Option var hidden = 512
  @Option var layers = 1
  @Option var embedding = 64
  @Option var dropout = 0.0
  @Option var batch = 32
  @Option var sequenceLength = 64
  @Option var learningRate = 0.003
  @Option var decay: Float = 0.01
  @Option var averaging = 0.0
  @Option var time: Double?
  @Option var epochs: Int?
  @Option var steps: Int?
  @Option var seed: UInt64 = 1
  @Option var clip = 1.0
  @Option var cell = "lstm"
  @Option var threads = 2

  func run() throws {
    Threads.count = threads
    let corpus = try TextCorpus(reading: files)
    let split = try corpus.split()
    var architecture = LanguageModel.Architecture(cell: try Cell.named(cell), hidden: hidden, layers: layers, embedding: embedding, dropout: dropout)
    architecture.sizes = [:]
    var model = try LanguageModel(architecture, tokenizer: .bytes, seed: seed)
    let task = try TextTraining(model, training: Array(corpus.bytes[split.training]), validation: Array(corpus.bytes[split.validation]), shape: .init(rows: batch, length: sequenceLength), seed: seed)
    let budget: Budget = time.map { .time($0) } ?? steps.map { .steps($0) } ?? .epochs(epochs ?? 1)
    var loop = try TrainingLoop(task: task, weights: model.weights, settings: TrainingSettings(learningRate: learningRate, weightDecay: decay, clip: clip, budget: budget, seed: seed, averaging: averaging))
    var last = 0.0
    _ = try loop.run { loop, event in
      switch event {
      case .step(let loss, let norm):
        if loop.state.seconds - last > 5 {
          last = loop.state.seconds
          print("step \(loop.state.step) epoch \(loop.state.epoch) loss \(loss) norm \(norm) lr \(loop.learningRate) \(Int(Double(loop.state.units) / loop.state.seconds)) tok/s")
        }
      case .measured(let m, let best): print("epoch \(m.epoch) \(m.seconds) s train \(m.training) valid \(m.validation) \(best)")
      }
    }
    model.weights = loop.best
    try model.save(to: output)
  }
}
