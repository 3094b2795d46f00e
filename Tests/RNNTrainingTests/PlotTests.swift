import RNNTestSupport
import RNNTraining
import Testing

@Suite struct PlotTests {
  @Test func show() {
    let training = (0..<200).map { 0.8 + 3.2 * 20 / (20 + Double($0)) }
    let validation = stride(from: 20.0, through: 200, by: 20).map { (x: $0, y: 1 + 3.2 * 20 / (20 + $0)) }
    print(Plot([.init("training", training), .init("validation", validation)], width: 60, height: 10).text)
    print(Plot([.init("training", [2.5])], width: 30, height: 4).text)
    print(Plot([.init("training", [0, 0, 0])], width: 30, height: 4).text)
    print(Plot([.init("training", [3, 2, .nan, 1, .infinity, 2])], width: 30, height: 4).text)
    print(Plot([.init("training", (0..<20).map { (x: Double($0) * 100_000, y: 1e-5 * Double($0)) })], width: 50, height: 6).text)
    print(Plot([.init("training", [1_000_500, 1_001_000, 1_001_500])], width: 40, height: 6).text)
    print(Plot([.init("training", [-1.7e308, 1.7e308])], width: 40, height: 6).text)
    print(Plot([.init("training", [1e-300, 3e-308, 2e-300])], width: 40, height: 6).text)
    print(Plot([.init("training", [1e-20, 2e-20])], width: 40, height: 6).text)
  }
}
