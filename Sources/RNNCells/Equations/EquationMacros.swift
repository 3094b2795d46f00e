/// The meaning of LaTeX macros in equations.
enum EquationMacros {
  /// The operators; the character is that of the plain text.
  static let operators: [String: Character] = [
    "odot": "⊙", "circ": "⊙", "cdot": "*", "times": "*", "ast": "*", "div": "/", "coloneqq": "=", "triangleq": "=", "doteq": "=", "equiv": "=", "gets": "=",
    "leftarrow": "=",
  ]

  /// Functions whose name is a macro.
  static let functions: Set = ["tanh", "exp", "log", "ln", "min", "max", "sqrt"]

  static let letters = [
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ", "vartheta": "ϑ",
    "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ",
    "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π",
    "Sigma": "Σ", "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω", "ell": "ℓ",
  ]

  /// Fonts; a letter is the same letter in all of them.
  static let styles: Set = [
    "mathbf", "boldsymbol", "bm", "bold", "pmb", "vec", "overrightarrow", "mathit", "mathsf", "mathtt", "mathrm", "mathnormal", "mathbb", "bf", "rm", "it", "sf", "boxed",
    "symbf", "symup", "symbfup", "symbfit", "ensuremath", "mathop", "underline",
  ]

  /// Macros whose argument is prose or the name of a function.
  static let texts: Set = ["text", "textrm", "textnormal", "textbf", "textit", "textsf", "texttt", "textup", "mbox", "hbox", "operatorname"]

  /// Accents and the words that they become in a name.
  static let accents = [
    "tilde": "tilde", "widetilde": "tilde", "hat": "hat", "widehat": "hat", "bar": "bar", "overline": "bar", "dot": "dot", "ddot": "ddot", "check": "check",
    "breve": "breve",
  ]

  static func accentName(_ macro: String) -> String { accents[macro] ?? macro }

  /// Combining marks, and the words that they become.
  static let marks: [Unicode.Scalar: String] = ["\u{303}": "tilde", "\u{302}": "hat", "\u{304}": "bar", "\u{305}": "bar", "\u{307}": "dot"]

  /// Macros that only affect the layout.
  static let layout: Set = [
    ",", ";", ":", "!", ">", " ", "/", "(", ")", "quad", "qquad", "enspace", "thinspace", "medspace", "thickspace", "negthinspace", "displaystyle", "textstyle", "nonumber",
    "notag", "eqno", "leqno", "limits", "nolimits", "allowbreak", "hfill", "hline", "centering", "relax", "null", "protect", "small", "normalsize", "large",
  ]

  /// The same with arguments in braces, and how many.
  static let layoutWithArguments = ["label": 1, "tag": 1, "hspace": 1, "vspace": 1, "phantom": 1, "color": 1, "textcolor": 1]

  /// Sizes of the bracket that follows.
  static let sized: Set = [
    "left", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "Biggl", "Biggr", "mathopen", "mathclose", "mathbin", "mathrel",
  ]

  /// Environments that hold a column of vectors.
  static let columns: Set = ["bmatrix", "pmatrix", "matrix", "smallmatrix", "bsmallmatrix", "psmallmatrix", "Bmatrix"]

  /// Environments with an argument.
  static let environmentsWithArgument: Set = ["array", "tabular", "alignat", "alignedat"]

  /// Replacements that an error suggests, by macro.
  private static let instead = [
    "otimes": "write \\odot for the product unit by unit", "oplus": "write + for a sum, [a, b] after a matrix for vectors one below the other",
    "bigoplus": "write + for a sum", "Vert": "write [a, b] after a matrix for vectors one below the other", "|": "write abs(v) for the absolute values",
    "sum": "write products with matrices: W_xh x_t is the sum over the units of x_t", "prod": "write the factors", "int": "a cell is computed step by step",
    "mathcal": "where it stands for a function, write \\tanh or \\sigma", "mathscr": "where it stands for a function, write \\tanh or \\sigma",
    "mathfrak": "write a plain letter", "dots": "write everything out, and leave a range of t out",
    "ldots": "write everything out, and leave a range of t out", "cdots": "write everything out", "sin": "write \\tanh, \\sigma, \\exp, \\log or \\max",
    "cos": "write \\tanh, \\sigma, \\exp, \\log or \\max",
    "vdots": "write everything out", "in": "sizes follow from the equations: leave it out", "forall": "leave it out", "mathbbm": "write 1",
    "partial": "gradients follow from the equations: leave them out", "nabla": "gradients follow from the equations: leave them out",
    "lvert": "write abs(v)", "rvert": "write abs(v)", "mid": "write abs(v) for absolute values", "to": "an equation is written with =",
    "rightarrow": "an equation is written with =", "sim": "an equation is written with =", "approx": "an equation is written with =",
    "top": "it stands above a matrix: W^\\top x", "leq": "a cell can't branch; write arithmetic on 0 and 1", "geq": "a cell can't branch; write arithmetic on 0 and 1",
    "underbrace": "leave it out", "overbrace": "leave it out", "langle": "steps are written h^{\\langle t \\rangle}", "rangle": "steps are written h^{\\langle t \\rangle}",
    "softmax": "write \\operatorname{softmax}", "sigmoid": "write \\sigma", "relu": "write \\operatorname{relu}", "sinh": "write (exp(v) - exp(-v)) / 2",
    "cosh": "write (exp(v) + exp(-v)) / 2", "arg": "leave equations of predictions out", "infty": "numbers are finite",
  ]

  static func unknown(_ name: String) -> String {
    if let advice = instead[name] { return "\\\(name) is not read in equations; \(advice)" }
    let sets = [Set(operators.keys), functions, Set(letters.keys), styles, texts, Set(accents.keys), sized, ["frac", "begin", "end"]]
    let known = sets.flatMap(\.self).sorted()
    let near = EquationNames.suggestion(for: name, among: known)
    return "\\\(name) is not read in equations" + (near.map { "; did you mean \\\($0)?" }
      ?? "; known are \\odot, \\cdot, \\sigma, \\tanh, \\exp, \\max, \\frac, \\mathbf, \\text, \\tilde and Greek letters")
  }

  /// Replacements that an error suggests, by character.
  static let advice: [Unicode.Scalar: String] = [
    "⊗": "write ⊙ for the product unit by unit", "⊕": "write + for a sum, [a, b] after a matrix for vectors one below the other", "|": "write abs(v) for the absolute values",
    "∑": "write products with matrices: W_xh x_t is the sum over the units of x_t", "<": "a cell can't branch; write arithmetic on 0 and 1",
    ">": "a cell can't branch; write arithmetic on 0 and 1", "_": "a subscript stands behind a name", "∈": "sizes follow from the equations: leave it out",
    "…": "write everything out", "√": "write sqrt(v)",
  ]
}
