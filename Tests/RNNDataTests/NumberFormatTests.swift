import Foundation
import RNNData
import RNNTensor
import RNNTestSupport
import Testing

/// Numbers as people and programs write them.
@Suite struct NumberFormatTests {
  private func read(_ text: String, _ options: SeriesReadingOptions = .init()) throws -> SeriesSet {
    let folder = try TemporaryFolder(["data.csv": text])
    return try SeriesSet(reading: [folder["data.csv"]], options: options)
  }

  private func values(_ text: String, _ options: SeriesReadingOptions = .init()) throws -> [Double] { try read(text, options).series[0].targets[0] }

  private func message(_ text: String, _ options: SeriesReadingOptions = .init()) -> String {
    do {
      return "no error: \(try values(text, options))"
    } catch let error as RNNError {
      return "\(error.kind.rawValue) \(error.message)"
    } catch {
      return "\(error)"
    }
  }

  // MARK: One way to write

  /// A way to write numbers, drawn at random.
  private struct Way: CustomStringConvertible {
    let decimal: String, thousands: String, minus: String, unit: String, separator: String

    init(_ random: inout Philox) {
      func one(_ all: [String]) -> String { all.randomElement(using: &random) ?? "" }
      let decimal = one([".", ","])
      self.decimal = decimal
      thousands = one(["", ",", ".", " ", "\u{A0}", "\u{2009}", "\u{202F}", "'", "\u{2019}"].filter { $0 != decimal })
      minus = one(["-", "\u{2212}", "("])
      unit = one(["", "", "_%", "_ %", "$_", "_ €", "_\u{A0}€", "£ _"])
      separator = one([",", ";", "\t"])
    }

    /// A number of whole digits and decimals.
    func text(_ whole: String, _ fraction: String, isNegative: Bool) -> String {
      var grouped = ""
      for (index, digit) in whole.enumerated() {
        if index > 0, (whole.count - index) % 3 == 0 { grouped += thousands }
        grouped.append(digit)
      }
      let digits = grouped + (fraction.isEmpty ? "" : decimal + fraction)
      let text = unit.isEmpty ? digits : unit.replacing("_", with: digits)
      return !isNegative ? text : minus == "(" ? "(\(text))" : minus + text
    }

    func field(_ text: String) -> String { separator != "\t" && text.contains(separator) ? "\"\(text)\"" : text }

    var description: String { "decimal \(decimal) thousands \(thousands) minus \(minus) unit \(unit) separator \(separator)" }
  }

  @Test func numbersOfEveryWayAreReadBack() throws {
    var random = Philox(seed: 14, stream: 2)
    for _ in 0..<200 {
      let way = Way(&random)
      var expected: [Double] = [], rows = "t\(way.separator)x\n"
      for row in 0..<30 {
        let whole = "\(Int.random(in: 0...(row % 3 == 0 ? 999 : row % 3 == 1 ? 99_999 : 2_000_000_000), using: &random))"
        // The first one tells; of the others many could be meant in two ways.
        let count = row == 0 ? 2 : Int.random(in: 0...6, using: &random)
        let fraction = (0..<(count > 3 ? 3 : count)).map { _ in "\(Int.random(in: 0...9, using: &random))" }.joined()
        let isNegative = Bool.random(using: &random)
        expected.append(Double("\(isNegative ? "-" : "")\(whole).\(fraction)0") ?? .nan)
        rows += "\(row)\(way.separator)\(way.field(way.text(whole, fraction, isNegative: isNegative)))\n"
      }
      let found = try values(rows, SeriesReadingOptions(time: .none, targets: ["x"]))
      #expect(found == expected, "\(way)\n\(rows)")
      // What tells may come last.
      let lines = rows.split(separator: "\n")
      let turned = ([lines[0]] + lines.dropFirst().reversed()).joined(separator: "\n")
      #expect(try values(turned, SeriesReadingOptions(time: .none, targets: ["x"])) == expected.reversed(), "\(way)\n\(turned)")
    }
  }

  @Test func whatIsNoNumberIsQuoted() {
    for bad in ["1.2.3", "1,23,4", "12,34.567,8", "0,123,456", "1 2", "1''000", "$5€", "5%%", "%5", "(-5)", "(5", "5)", "--5", "5 USD", "1.234,567.8", "192.168.1.1", "1e", "inf", "0x1F", "\u{2212}", "five"] {
      // A sign alone is a word for nothing.
      if bad == "\u{2212}" { continue }
      #expect(message("t;x\n1;1\n2;\(bad)\n", SeriesReadingOptions(time: .none, targets: ["x"])).contains("line 3, column 2 (‘x’): found ‘\(bad)’, expected a number"), "\(bad)")
    }
    #expect(message("x\n1\n1e300\n").contains("found ‘1e300’, expected a number up to 1e+100 (--sentinel 1e300"))
  }

  @Test func valuesBeyondFloatAreNumbers() throws {
    #expect(try values("x\n1e39\n-1e39\n3e-60\n123456789.125\n16777217\n") == [1e39, -1e39, 3e-60, 123456789.125, 16777217])
  }

  // MARK: One way in a column

  @Test func aFieldWrittenInAnotherWayIsAnErrorWithBothLines() {
    #expect(message("t;x\n1;999,5\n2;1.000\n3;12.5\n", SeriesReadingOptions(time: .none, targets: ["x"])).contains(
      "line 4, column 2: found ‘12.5’, with a decimal point, but ‘999,5’ on line 2 has a decimal comma"))
    #expect(message("x\n999.5\n\"1,234,567\"\n\"1,5\"\n").contains("line 4, column 1: found ‘1,5’, with a decimal comma, but ‘999.5’ on line 2 has a decimal point"))
    #expect(message("t;x\n1;1,5\n2;1,234,567\n", SeriesReadingOptions(time: .none, targets: ["x"])).contains("found ‘1,234,567’, with a comma between thousands, but ‘1,5’ on line 2"))
    #expect(message("x\n5%\n0.05\n").contains("line 3, column 1: found ‘0.05’, with no sign, but ‘5%’ on line 2 has ‘%’"))
    #expect(message("x\n$5\n€5\n").contains("found ‘€5’, with ‘€’, but ‘$5’ on line 2 has ‘$’"))
    #expect(message("x\n$5\n6\n$7\n") == "no error: [5.0, 6.0, 7.0]")
    // Each column has its own.
    #expect(message("t;x;y\n1;999,5;0.5\n2;1.000;1.000\n", SeriesReadingOptions(time: .none, targets: ["x", "y"])) == "no error: [999.5, 1000.0]")
  }

  @Test func theWholeColumnTells() throws {
    let none = SeriesReadingOptions(time: .none, targets: ["x"])
    #expect(try values("t;x\n1;1.000\n2;2.500\n3;999,5\n", none) == [1000, 2500, 999.5])
    #expect(try values("t;x\n1;999,5\n2;1.000\n", none) == [999.5, 1000])
    #expect(try values("x\n999.5\n\"1,234\"\n") == [999.5, 1234] && values("x\n\"1,234\"\n999.5\n") == [1234, 999.5])
    #expect(try values("t\tx\n1\t1,5\n2\t2,25\n", none) == [1.5, 2.25])
    #expect(try values("x\n1.234\n0.5\n") == [1.234, 0.5])
    // In rows of series the table is one column.
    let wide = try read("V1;V2;V3;V4\na;1.000;2.000;\nb;3.000;;\nc;4,5;1.000;7\n")
    #expect(wide.series.map(\.targets) == [[[1000, 2000]], [[3000]], [[4.5, 1000, 7]]])
    // Across series of one column, and files.
    let folder = try TemporaryFolder(["a.csv": "x;y\n1.000;1\n2.000;2\n", "b.csv": "x;y\n3,5;1\n1.000;2\n", "c.csv": "x;y\n3.5;1\n1.000;2\n"])
    let both = try SeriesSet(reading: [folder["a.csv"], folder["b.csv"]], options: SeriesReadingOptions(targets: ["x"]))
    #expect(both.series.map(\.targets) == [[[1000, 2000]], [[3.5, 1000]]])
    #expect(throws: RNNError.self) { try SeriesSet(reading: [folder["b.csv"], folder["c.csv"]], options: SeriesReadingOptions(targets: ["x"])) }
  }

  @Test func whatNoNumberTellsIsDecidedAndSaid() throws {
    let none = SeriesReadingOptions(time: .none, targets: ["x"])
    func result(_ text: String, _ options: SeriesReadingOptions) throws -> (values: [Double], said: String) {
      let set = try read(text, options)
      return (set.series[0].targets[0], set.warnings.filter { $0.contains("such as") }.joined())
    }
    let commas = try result("x\n\"1,234\"\n\"5,678\"\n900\n", .init())
    #expect(commas.values == [1234, 5678, 900] && commas.said.contains("column 1 (‘x’) has only numbers such as ‘1,234’, whose comma is taken for what stands between thousands (--decimal comma if"))
    let tabs = try result("t\tx\n1\t1,234\n2\t5,678\n", none)
    #expect(tabs.values == [1.234, 5.678] && tabs.said.contains("whose comma is taken for the decimal mark (--decimal point if"))
    let points = try result("t;x\n1;1.234\n2;5.678\n", none)
    #expect(points.values == [1.234, 5.678] && points.said.contains("whose point is taken for the decimal mark"))
    let usual = try result("x\n1.234\n5.678\n", .init())
    #expect(usual.values == [1.234, 5.678] && usual.said.isEmpty)
    // Other columns tell.
    let others = try result("t;x;y\n1;1.234;0,5\n2;5.678;1,5\n", SeriesReadingOptions(time: .none, targets: ["x", "y"]))
    #expect(others.values == [1234, 5678] && others.said.contains("between thousands"))
    #expect(message("t;x\n1;1.234\n2;5,678\n", none).contains("line 3: found ‘5,678’, and ‘1.234’ on line 2, in column 2 (‘x’): one of them has decimals"))
  }

  @Test func theMarkCanBeSaid() throws {
    func options(_ decimal: DecimalMark? = nil, _ thousands: ThousandsMark? = nil) -> SeriesReadingOptions {
      SeriesReadingOptions(time: .none, targets: ["x"], numbers: NumberFormat(decimal: decimal, thousands: thousands))
    }
    let text = "t;x\n1;1.234\n2;5.678\n"
    #expect(try values(text, options(.comma)) == [1234, 5678] && values(text, options(.point)) == [1.234, 5.678])
    #expect(try values(text, options(nil, .point)) == [1234, 5678] && values(text, options(nil, ThousandsMark.none)) == [1.234, 5.678])
    #expect(try values("t;x\n1;1.234\n2;5,678\n", options(.comma)) == [1234, 5.678])
    #expect(message("t;x\n1;0.5\n", options(.comma)).contains("found ‘0.5’, with a decimal point, but the decimal mark is the comma: --decimal says"))
    #expect(message("t;x\n1;1 234\n", options(nil, .apostrophe)).contains("with a space between thousands, but an apostrophe was said"))
  }

  @Test func laterFilesAreReadInTheSameWay() throws {
    let none = SeriesReadingOptions(time: .none, targets: ["x"])
    let reading = try #require(try read("t;x\n1;999,5\n2;1.000\n", none).reading)
    #expect(reading.columns?["x"] == NumberFormat(decimal: .comma, unit: ""))
    let stored = try JSONDecoder().decode(SeriesReadingOptions.self, from: JSONEncoder().encode(reading))
    #expect(stored == reading)
    #expect(try values("t;x\n1;2.000\n2;3.000\n", stored) == [2000, 3000])
    #expect(message("t;x\n1;0.5\n2;3.000\n", stored).contains("the data that the model was trained on has it"))
    var other = stored
    other.numbers = NumberFormat(decimal: .point)
    #expect(try values("t;x\n1;0.5\n2;3.000\n", other) == [0.5, 3])
    let percent = try #require(try read("t;x\n1;5%\n2;6%\n", none).reading)
    #expect(message("t;x\n1;0.05\n", percent).contains("with no sign, but the data that the model was trained on has ‘%’"))
  }

  // MARK: Sentinels

  @Test func sentinelsAreMissing() throws {
    let text = "t;x;y\n1;1;-9999\n2;-9999,0;5\n3;ND;6\n4;4;7\n5;\u{2212}9999;8\n"
    let set = try read(text, SeriesReadingOptions(time: .none, targets: ["x"], past: ["y"], sentinels: ["-9999", "ND"]))
    #expect(set.series[0].targets[0].map { $0.isNaN ? 0 : $0 } == [1, 0, 0, 4] && set.series[0].past[0][0].isNaN)
    #expect(set.warnings.contains("4 values are -9999 or ND and count as missing"))
    #expect(set.reading?.sentinels == ["-9999", "ND"])
    let again = try read(text, #require(set.reading))
    #expect(again.series[0].targets[0].count { $0.isNaN } == 2)
  }
}
