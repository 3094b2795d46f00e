/// The English words of the numbers from 0 to 999, such as `forty-two` and `one hundred five`.
public enum NumberWords {
  private static let ones = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
  ]
  private static let tens = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]

  /// The words of a number in 0...999.
  public static func spelled(_ number: Int) -> String {
    precondition((0...999).contains(number), "\(number) is not in 0...999")
    if number < 20 { return ones[number] }
    if number < 100 { return tens[number / 10] + (number % 10 == 0 ? "" : "-" + ones[number % 10]) }
    return ones[number / 100] + " hundred" + (number % 100 == 0 ? "" : " " + spelled(number % 100))
  }

  private static let numbers = Dictionary(uniqueKeysWithValues: (0...999).map { (spelled($0), $0) })

  /// The number that `words` spell exactly as ``spelled(_:)`` does.
  public static func number(_ words: some StringProtocol) -> Int? { numbers[String(words)] }
}
