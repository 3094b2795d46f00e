import RNNTestSupport
import RNNTraining
import Testing

@Suite struct PlotTests {
  @Test func trainingAndValidation() {
    let plot = Plot(
      [
        .init("training", values: (0..<200).map { 0.8 + 64 / (20 + Double($0)) }),
        .init("validation", points: stride(from: 20.0, through: 200, by: 20).map { (x: $0, y: 1 + 64 / (20 + $0)) }),
      ], width: 60, height: 10)
    #expect(
      plot.text == """
        4 ┤⢱
          │⠈⡆
          │ ⠸⡀
        3 ┤  ⠑⡄
          │   ⠘⢄o
          │    ⠈⠑⢄
        2 ┤       ⠙⠢⣄⡀o
          │          ⠉⠓⠢⠤⣀⣀o
          │               ⠈⠉⠙⠒⠒⠦⠤o⣀⣀⣀⣀o     o     o    o
          │                           ⠉⠉⠉⠉⠉⠒⠒⠒⠒⠒⠒⠒⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⣀o⣀⣀⣀⣀o
          └─────────────┬─────────────┬─────────────┬─────────────┬
                       50            100           150          200
           ⠒ training   o validation

        """)
  }

  @Test func onePoint() {
    let plot = Plot(
      [.init("loss", values: [2.5])], width: 30, height: 4)
    #expect(
      plot.text == """
        3.0 ┤
            │
        2.5 ┤            ⠁
        2.0 ┤
            └┬───────────┬──────────┬
             0.5        1.0       1.5
             ⠒ loss

        """)
  }

  @Test func aConstant() {
    let plot = Plot(
      [.init("loss", values: [0, 0, 0])], width: 30, height: 5)
    #expect(
      plot.text == """
         0.5 ┤
             │
           0 ┤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤
             │
        -0.5 ┤
             └┬──────────┬──────────┬
              1          2          3
              ⠒ loss

        """)
  }

  @Test func gapsWhereNumbersAreMissing() {
    let plot = Plot(
      [.init("loss", values: [3, 2, .nan, 1, .infinity, 2])], width: 30, height: 4)
    #expect(
      plot.text == """
        3 ┤⠑⠤⡀
          │  ⠈⠢⢄
        2 ┤     ⠁                   ⠈
        1 ┤               ⢀
          └─────┬─────────┬─────────┬
                2         4         6
           ⠒ loss (2 not finite)

        """)
  }

  @Test func largeSteps() {
    let plot = Plot(
      [.init("loss", points: (0..<20).map { (x: Double($0) * 100_000, y: 1e-5 * Double($0)) })], width: 50, height: 6)
    #expect(
      plot.text == """
               │                                  ⢀⡠⠤⠔⠒⠊⠉
               │                          ⢀⣀⣀⠤⠤⠒⠒⠉⠁
        0.0001 ┤                    ⢀⣀⡠⠤⠒⠉⠁
               │              ⣀⡠⠔⠒⠉⠉⠁
               │      ⣀⡠⠤⠔⠒⠒⠉⠉
             0 ┤⣀⠤⠤⠔⠒⠉
               └┬─────────┬──────────┬──────────┬────────
                0       0.5 M      1.0 M      1.5 M
                ⠒ loss

        """)
  }

  @Test func aSmallRangeOfLargeNumbers() {
    let plot = Plot(
      [.init("loss", values: [1_000_500, 1_001_000, 1_001_500])], width: 40, height: 6)
    #expect(
      plot.text == """
        1001.5 k ┤                        ⢀⣀⠤⠒⠉
                 │                    ⣀⠤⠔⠊⠁
                 │               ⢀⡠⠔⠒⠉
        1001.0 k ┤          ⣀⡠⠤⠒⠉⠁
                 │     ⣀⠤⠔⠒⠉
        1000.5 k ┤⣀⠤⠒⠊⠉
                 └┬─────────────┬─────────────┬
                  1             2             3
                  ⠒ loss

        """)
  }

  @Test func tinyNumbers() {
    let plot = Plot(
      [.init("loss", values: [1e-20, 2e-20])], width: 40, height: 6)
    #expect(
      plot.text == """
                 │                        ⢀⡠⠤⠒⠉
                 │                   ⢀⡠⠤⠒⠉⠁
        1.50e-20 ┤              ⢀⡠⠤⠒⠉⠁
                 │         ⢀⣀⠤⠒⠊⠁
                 │    ⢀⣀⠤⠒⠊⠁
        1.00e-20 ┤⣀⠤⠒⠊⠁
                 └┬─────────────┬─────────────┬
                  1.0          1.5          2.0
                  ⠒ loss

        """)
  }

  @Test func theWholeRange() {
    let plot = Plot(
      [.init("loss", values: [-1.7e308, 1.7e308])], width: 40, height: 6)
    #expect(
      plot.text == """
          │                              ⢀⣀⠤⠔⠒⠉
          │                        ⣀⡠⠤⠔⠒⠉⠁
          │                  ⣀⡠⠤⠒⠊⠉
        0 ┤            ⣀⡠⠤⠒⠊⠉
          │     ⢀⣀⠤⠔⠒⠊⠉
          │⣀⠤⠔⠒⠉⠁
          └┬─────────────────┬────────────────┬
           1.0              1.5             2.0
           ⠒ loss

        """)
  }

  @Test func belowWhatCanBeToldApart() {
    let plot = Plot(
      [.init("loss", values: [1e-300, 3e-308, 2e-300])], width: 40, height: 3)
    #expect(
      plot.text == """
         0.5 ┤
           0 ┤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤
        -0.5 ┤
             └┬───────────────┬───────────────┬
              1               2               3
              ⠒ loss

        """)
  }

  @Test func threeSeriesAndTheLeastSize() {
    let plot = Plot(
      [.init("a", values: [1, 2]), .init("b", values: [2, 1]), .init("c", values: [])], width: 0, height: 0)
    #expect(
      plot.text == """
        2.0 ┤o    ⢀⠔⠊
        1.5 ┤  ⢀⡠⠊⠁
        1.0 ┤⡠⠔⠁    o
            └┬──────┬
             1      2
             ⠒ a   o b   x c

        """)
  }

  @Test func withoutNumbersThereIsNoPicture() {
    #expect(Plot([]).text == "nothing to plot: no finite numbers\n")
    #expect(Plot([.init("loss", values: [.nan, .infinity])]).text == "nothing to plot: no finite numbers\n")
  }

  /// Any numbers in any size give a picture of that size.
  @Test func everythingCanBePlotted() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<500 {
      let points = (0..<Int.random(in: 1...5)).map { _ in
        (
          x: Double(bitPattern: UInt64.random(in: .min ... .max, using: &random)),
          y: Double(bitPattern: UInt64.random(in: .min ... .max, using: &random))
        )
      }
      let (width, height) = (Int.random(in: 50...100), Int.random(in: 3...30))
      let text = Plot([.init("a", points: points), .init("b", points: points)], width: width, height: height).text
      guard points.contains(where: { $0.x.isFinite && $0.y.isFinite }) else { continue }
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      #expect(lines.count == height + 4 && lines.allSatisfy { $0.count <= width }, "\(points)\n\(text)")
    }
  }
}
