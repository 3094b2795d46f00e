import RNNTestSupport
import Testing

/// Formulas as lecture notes, papers, documentation and blog posts have them in LaTeX.
enum PastedFormulas {
  /// A text, the built-in cell that it describes, and where its parameters have other names: ours, and those whose sum it is.
  struct Sample: Sendable, CustomTestStringConvertible {
    let source: String
    let text: String
    let cell: Cell
    var names: [String: [String]] = [:]
    /// The graph too is the built-in cell's, but for names.
    var isSameGraph = true
    /// The parts of the remarks that are made.
    var remarks: [String] = []

    var testDescription: String { source }
  }

  static let all = [
    Sample(
      source: "lecture note",
      text: #"""
        h_t = f(h_{t-1}, x_t)
        h_t = \tanh(W_{xh}x_t + W_{hh}h_{t-1} + b_h)
        y_t = \text{softmax}(W_{hy}h_t + b_y)
        """#,
      cell: .rnn, remarks: ["line 1: the equation of h_t is left out of the cell: another one says what f computes", "line 3: the equation of y_t is left out"]),
    Sample(
      source: "display, with full stops",
      text: #"$$\mathbf{h}_t = \tanh\left(\mathbf{W}_{xh}\,\mathbf{x}_t + \mathbf{W}_{hh}\,\mathbf{h}_{t-1} + \mathbf{b}_h\right).$$"#, cell: .rnn),
    Sample(
      source: "Goodfellow et al., Deep Learning, 10.2",
      text: #"""
        \begin{aligned}
        \boldsymbol{a}^{(t)} &= \boldsymbol{b} + \boldsymbol{W} \boldsymbol{h}^{(t-1)} + \boldsymbol{U} \boldsymbol{x}^{(t)}, \\
        \boldsymbol{h}^{(t)} &= \tanh(\boldsymbol{a}^{(t)}), \\
        \boldsymbol{o}^{(t)} &= \boldsymbol{c} + \boldsymbol{V}\boldsymbol{h}^{(t)}, \\
        \hat{\boldsymbol{y}}^{(t)} &= \operatorname{softmax}(\boldsymbol{o}^{(t)}),
        \end{aligned}
        """#,
      cell: .rnn, names: ["W.xh": ["W.U"], "W.hh": ["W.W"], "b.h": ["b.b"]], isSameGraph: false, remarks: ["line 4: the equation of o^{(t)}", "line 5"]),
    Sample(
      source: "Elman's network with superscripts",
      text: #"h^{\langle t\rangle} = \tanh(W_{hh} h^{\langle t-1\rangle} + W_{xh}x^{<t>} + b_h), \quad \hat{y}^{<t>} = \mathrm{softmax}(W_{yh}h^{<t>} + b_y)"#,
      cell: .rnn, isSameGraph: false, remarks: ["line 1"]),
    Sample(
      source: "PyTorch, RNN", text: #"h_t = \tanh(x_t W_{ih}^T + b_{ih} + h_{t-1}W_{hh}^T + b_{hh})"#, cell: .rnn,
      names: ["W.xh": ["W.ih"], "b.h": ["b.ih", "b.hh"]], isSameGraph: false),
    Sample(
      source: "CS224n, with tanh and a bias", text: #"h_t = \tanh\left(W^{(hh)} h_{t-1} + W^{(hx)} x_{[t]} + b^{(1)}\right)"#,
      cell: .rnn, names: ["W.xh": ["W.hx"], "b.h": ["b.1"]], isSameGraph: false),
    Sample(
      source: "LSTM, all matrices named",
      text: #"""
        \begin{align*}
          i_t &= \sigma(W_{xi} x_t + W_{hi} h_{t-1} + b_i) \\
          f_t &= \sigma(W_{xf} x_t + W_{hf} h_{t-1} + b_f) \\
          g_t &= \tanh(W_{xg} x_t + W_{hg} h_{t-1} + b_g) \\
          o_t &= \sigma(W_{xo} x_t + W_{ho} h_{t-1} + b_o) \\
          c_t &= f_t \odot c_{t-1} + i_t \odot g_t \\
          h_t &= o_t \odot \tanh(c_t)
        \end{align*}
        """#, cell: .lstm),
    Sample(
      source: "Graves 2013, without its peepholes",
      text: #"""
        i_t = \sigma \left( W_{xi} x_t + W_{hi} h_{t-1} + b_i \right)
        f_t = \sigma \left( W_{xf} x_t + W_{hf} h_{t-1} + b_f \right)
        c_t = f_t c_{t-1} + i_t \tanh \left( W_{xc} x_t + W_{hc} h_{t-1} + b_c \right)
        o_t = \sigma \left( W_{xo} x_t + W_{ho} h_{t-1} + b_o \right)
        h_t = o_t \tanh(c_t)
        """#,
      cell: .lstm, names: ["W.xg": ["W.xc"], "W.hg": ["W.hc"], "b.g": ["b.c"]], isSameGraph: false),
    Sample(
      source: "Shi et al. 2015, without convolutions: peepholes",
      text: #"""
        \begin{aligned}
        i_t &= \sigma(W_{xi} x_t + W_{hi} h_{t-1} + W_{ci} \circ c_{t-1} + b_i) \\
        f_t &= \sigma(W_{xf} x_t + W_{hf} h_{t-1} + W_{cf} \circ c_{t-1} + b_f) \\
        c_t &= f_t \circ c_{t-1} + i_t \circ \tanh(W_{xc} x_t + W_{hc} h_{t-1} + b_c) \\
        o_t &= \sigma(W_{xo} x_t + W_{ho} h_{t-1} + W_{co} \circ c_t + b_o) \\
        h_t &= o_t \circ \tanh(c_t)
        \end{aligned}
        """#,
      cell: .lstmPeephole, names: ["W.xg": ["W.xc"], "W.hg": ["W.hc"], "b.g": ["b.c"], "b.pi": ["b.ci"], "b.pf": ["b.cf"], "b.po": ["b.co"]],
      isSameGraph: false),
    Sample(
      source: "peepholes with a gate for what is written",
      text: #"""
        i_t = \sigma(W_{xi} x_t + W_{hi} h_{t-1} + W_{pi} \odot c_{t-1} + b_i)
        f_t = \sigma(W_{xf} x_t + W_{hf} h_{t-1} + W_{pf} \odot c_{t-1} + b_f)
        g_t = \tanh(W_{xg} x_t + W_{hg} h_{t-1} + b_g)
        c_t = f_t \odot c_{t-1} + i_t \odot g_t
        o_t = \sigma(W_{xo} x_t + W_{ho} h_{t-1} + W_{po} \odot c_t + b_o)
        h_t = o_t \odot \tanh(c_t)
        """#, cell: .lstmPeephole),
    Sample(
      source: "Olah, Understanding LSTM Networks",
      text: #"""
        f_t = \sigma\left(W_f \cdot [h_{t-1}, x_t] + b_f\right)
        i_t = \sigma\left(W_i \cdot [h_{t-1}, x_t] + b_i\right)
        \tilde{C}_t = \tanh(W_C \cdot [h_{t-1}, x_t] + b_C)
        C_t = f_t * C_{t-1} + i_t * \tilde{C}_t
        o_t = \sigma\left(W_o\ [h_{t-1}, x_t] + b_o\right)
        h_t = o_t * \tanh \left(C_t\right)
        """#,
      cell: .lstm, names: ["W.xg": ["W.xC"], "W.hg": ["W.hC"], "b.g": ["b.C"]], isSameGraph: false),
    Sample(
      source: "vectors one below the other",
      text: #"""
        i_t = \sigma\left(W_i \begin{bmatrix} x_t \\ h_{t-1} \end{bmatrix} + b_i\right) \\
        f_t = \sigma(W_f [h_{t-1}; x_t] + b_f) \\
        g_t = \tanh(W_g [h_{t-1}^\top, x_t^\top]^\top + b_g) \\
        o_t = \sigma\left(W_o \left[\begin{array}{c} h_{t-1} \\ x_t \end{array}\right] + b_o\right) \\
        c_t = f_t \odot c_{t-1} + i_t \odot g_t \\
        h_t = o_t \odot \tanh c_t
        """#, cell: .lstm),
    Sample(
      source: "Wikipedia, with what its σ mean",
      text: #"""
        {\displaystyle {\begin{aligned}f_{t}&=\sigma (W_{f}x_{t}+U_{f}h_{t-1}+b_{f})\\i_{t}&=\sigma (W_{i}x_{t}+U_{i}h_{t-1}+b_{i})\\o_{t}&=\sigma (W_{o}x_{t}+U_{o}h_{t-1}+b_{o})\\{\tilde {c}}_{t}&=\tanh(W_{c}x_{t}+U_{c}h_{t-1}+b_{c})\\c_{t}&=f_{t}\odot c_{t-1}+i_{t}\odot {\tilde {c}}_{t}\\h_{t}&=o_{t}\odot \tanh(c_{t})\end{aligned}}}
        """#,
      cell: .lstm,
      names: [
        "W.xi": ["W.i"], "W.xf": ["W.f"], "W.xg": ["W.c"], "W.xo": ["W.o"], "W.hi": ["W.U_i"], "W.hf": ["W.U_f"], "W.hg": ["W.U_c"], "W.ho": ["W.U_o"], "b.g": ["b.c"],
      ], isSameGraph: false),
    Sample(
      source: "PyTorch, LSTM",
      text: #"""
        \begin{array}{ll} \\
            i_t = \sigma(W_{ii} x_t + b_{ii} + W_{hi} h_{t-1} + b_{hi}) \\
            f_t = \sigma(W_{if} x_t + b_{if} + W_{hf} h_{t-1} + b_{hf}) \\
            g_t = \tanh(W_{ig} x_t + b_{ig} + W_{hg} h_{t-1} + b_{hg}) \\
            o_t = \sigma(W_{io} x_t + b_{io} + W_{ho} h_{t-1} + b_{ho}) \\
            c_t = f_t \odot c_{t-1} + i_t \odot g_t \\
            h_t = o_t \odot \tanh(c_t) \\
        \end{array}
        """#,
      cell: .lstm,
      names: [
        "W.xi": ["W.ii"], "W.xf": ["W.if"], "W.xg": ["W.ig"], "W.xo": ["W.io"], "b.i": ["b.ii", "b.hi"], "b.f": ["b.if", "b.hf"], "b.g": ["b.ig", "b.hg"],
        "b.o": ["b.io", "b.ho"],
      ], isSameGraph: false),
    Sample(
      source: "Dive into Deep Learning, LSTM",
      text: #"""
        \begin{aligned}
        \mathbf{I}_t &= \sigma(\mathbf{X}_t \mathbf{W}_{\textrm{xi}} + \mathbf{H}_{t-1} \mathbf{W}_{\textrm{hi}} + \mathbf{b}_\textrm{i}),\\
        \mathbf{F}_t &= \sigma(\mathbf{X}_t \mathbf{W}_{\textrm{xf}} + \mathbf{H}_{t-1} \mathbf{W}_{\textrm{hf}} + \mathbf{b}_\textrm{f}),\\
        \mathbf{O}_t &= \sigma(\mathbf{X}_t \mathbf{W}_{\textrm{xo}} + \mathbf{H}_{t-1} \mathbf{W}_{\textrm{ho}} + \mathbf{b}_\textrm{o}),
        \end{aligned}
        $$\tilde{\mathbf{C}}_t = \tanh(\mathbf{X}_t \mathbf{W}_{\textrm{xc}} + \mathbf{H}_{t-1} \mathbf{W}_{\textrm{hc}} + \mathbf{b}_\textrm{c}),$$
        $$\mathbf{C}_t = \mathbf{F}_t \odot \mathbf{C}_{t-1} + \mathbf{I}_t \odot \tilde{\mathbf{C}}_t.$$
        $$\mathbf{H}_t = \mathbf{O}_t \odot \tanh(\mathbf{C}_t).$$
        """#,
      cell: .lstm, names: ["W.xg": ["W.xc"], "W.hg": ["W.hc"], "b.g": ["b.c"]], isSameGraph: false, remarks: ["W_hc, W_hf, W_hi"]),
    Sample(
      source: "Ng, Sequence Models",
      text: #"""
        \tilde{c}^{<t>} = \tanh(W_c[a^{<t-1>}, x^{<t>}] + b_c)
        \Gamma_u = \sigma(W_u[a^{<t-1>}, x^{<t>}] + b_u)
        \Gamma_f = \sigma(W_f[a^{<t-1>}, x^{<t>}] + b_f)
        \Gamma_o = \sigma(W_o[a^{<t-1>}, x^{<t>}] + b_o)
        c^{<t>} = \Gamma_u * \tilde{c}^{<t>} + \Gamma_f * c^{<t-1>}
        a^{<t>} = \Gamma_o * \tanh c^{<t>}
        """#,
      cell: .lstm,
      names: [
        "W.xi": ["W.xu"], "W.hi": ["W.au"], "W.hf": ["W.af"], "W.xg": ["W.xc"], "W.hg": ["W.ac"], "W.ho": ["W.ao"], "b.i": ["b.u"], "b.g": ["b.c"],
      ], isSameGraph: false),
    Sample(
      source: "GRU, the reset gate after the product",
      text: #"""
        \begin{array}{ll}
            r_t = \sigma(W_{ir} x_t + b_{ir} + W_{hr} h_{(t-1)} + b_{hr}) \\
            z_t = \sigma(W_{iz} x_t + b_{iz} + W_{hz} h_{(t-1)} + b_{hz}) \\
            n_t = \tanh(W_{in} x_t + b_{in} + r_t \odot (W_{hn} h_{(t-1)}+ b_{hn})) \\
            h_t = (1 - z_t) \odot n_t + z_t \odot h_{(t-1)}
        \end{array}
        """#,
      cell: .gru,
      names: [
        "W.xr": ["W.ir"], "W.xz": ["W.iz"], "W.xn": ["W.in"], "b.r": ["b.ir", "b.hr"], "b.z": ["b.iz", "b.hz"], "b.n": ["b.in"],
      ], isSameGraph: false),
    Sample(
      source: "GRU, the reset gate before the product",
      text: #"""
        r_t &= \sigma(W_r x_t + U_r h_{t-1} + b_r) \\
        z_t &= \sigma(W_z x_t + U_z h_{t-1} + b_z) \\
        \tilde{h}_t &= \tanh(W_h x_t + U_h (r_t \odot h_{t-1}) + b_h) \\
        h_t &= (\mathbf{1} - z_t) \odot \tilde{h}_t + z_t \odot h_{t-1}
        """#,
      cell: .gruResetBefore,
      names: ["W.xr": ["W.r"], "W.hr": ["W.U_r"], "W.xz": ["W.z"], "W.hz": ["W.U_z"], "W.xn": ["W.h"], "W.hn": ["W.U_h"], "b.n": ["b.h"]], isSameGraph: false),
    Sample(
      source: "Olah, GRU, with biases and the update of Cho et al.",
      text: #"""
        z_t = \sigma\left(W_z \cdot [h_{t-1}, x_t] + b_z\right)
        r_t = \sigma\left(W_r \cdot [h_{t-1}, x_t] + b_r\right)
        \tilde{h}_t = \tanh\left(W \cdot [r_t * h_{t-1}, x_t] + b\right)
        h_t = z_t * h_{t-1} + (1 - z_t) * \tilde{h}_t
        """#,
      cell: .gruResetBefore, names: ["W.xn": ["W.x"], "W.hn": ["W.h"], "b.n": ["b.b"]], isSameGraph: false),
    Sample(
      source: "Chung et al. 2014, the state first",
      text: #"""
        h_t = z_t \odot h_{t-1} + (1 - z_t) \odot \tilde{h}_t,
        z_t = \sigma(W_z x_t + U_z h_{t-1} + b_z),
        \tilde{h}_t = \tanh(W x_t + U(r_t \odot h_{t-1}) + b),
        r_t = \sigma(W_r x_t + U_r h_{t-1} + b_r).
        """#,
      cell: .gruResetBefore,
      names: ["W.xr": ["W.r"], "W.hr": ["W.U_r"], "W.xz": ["W.z"], "W.hz": ["W.U_z"], "W.xn": ["W.W"], "W.hn": ["W.U"], "b.n": ["b.b"]], isSameGraph: false),
    Sample(
      source: "characters instead of macros",
      text: "rₜ = σ(Wₓᵣxₜ + Wₕᵣhₜ₋₁ + bᵣ)\nz_t = σ(W_{xz}x_t + W_{hz}h_{t−1} + b_z)\nh̃ₜ = tanh(Wₓₙxₜ + Wₕₙ(rₜ ⊙ hₜ₋₁) + bₙ)\nhₜ = (1 − z_t) ∘ h̃ₜ + z_t ∘ hₜ₋₁",
      cell: .gruResetBefore),
  ]
}
