/// Names of languages, which often head the columns of sentences and their translations.
enum LanguageName {
  /// Whether a text names a language: a code of ISO 639 such as `en`, `deu` or `pt-BR`, or its English name.
  static func isOne(_ text: String) -> Bool {
    let lower = text.lowercased()
    if names.contains(lower) { return true }
    let code = lower.prefix { $0 != "-" && $0 != "_" }
    let region = lower.dropFirst(code.count + 1)
    guard code.count == lower.count || ((2...4).contains(region.count) && region.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }) else { return false }
    return code.count == 2 ? twoLetters.contains(String(code)) : code.count == 3 && threeLetters.contains(String(code))
  }

  /// The first two of these that name languages, by their places; none where there are not two.
  static func two(of names: [String]) -> [Int] {
    var all = names.indices.filter { isOne(names[$0]) }
    // Indonesian and Norwegian, or a row's number.
    if all.count > 2 { all.removeAll { ["id", "no"].contains(names[$0].lowercased()) } }
    return all.count < 2 || names[all[0]] == names[all[1]] ? [] : Array(all.prefix(2))
  }

  private static func words(_ text: String) -> Set<String> { Set(text.split(separator: " ").map(String.init)) }

  /// ISO 639-1.
  private static let twoLetters = words(
    """
    aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga \
    gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv \
    mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr \
    ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
    """)

  /// Those of ISO 639-2 and 639-3 that corpora of translations are named by.
  private static let threeLetters = words(
    """
    afr amh ara aze bel ben bos bul cat ces cmn cze dan deu dut ell eng epo est eus fas fin fra fre ger glg gre guj heb hin hrv hun hye ind isl ita jpn kan \
    kat kaz khm kor kur lat lav lit mal mar mkd mlt mon msa mya nep nld nob nor pan per pes pol por pus ron rum rus sin slk slo slv som spa sqi srp swa swe \
    tam tel tgl tha tur ukr urd uzb vie wel xho yor yue zho zul
    """)

  private static let names = words(
    """
    afrikaans albanian arabic armenian basque bengali bulgarian catalan chinese croatian czech danish dutch english esperanto estonian finnish french \
    galician georgian german greek hebrew hindi hungarian icelandic indonesian irish italian japanese kazakh korean latin latvian lithuanian macedonian \
    malay mandarin marathi mongolian norwegian persian polish portuguese romanian russian serbian slovak slovenian spanish swahili swedish tamil telugu thai \
    turkish ukrainian urdu vietnamese welsh
    """)
}
