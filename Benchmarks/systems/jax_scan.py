"""JAX: the cells' equations in lax.scan, the products of the inputs computed ahead of it, compiled once for each shape."""
import os

import peer


def load(threads):
    # XLA has as many threads as there are cores when it starts.
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax
    import jax.numpy as jnp
    import jaxlib
    from jax.nn import sigmoid

    def rnn(weights, h, ahead):
        w_hh, b_hh = weights
        h = jnp.tanh(ahead + h[0] @ w_hh.T + b_hh)
        return (h,), h

    def lstm(weights, state, ahead):
        w_hh, b_hh = weights
        h, c = state
        i, f, g, o = jnp.split(ahead + h @ w_hh.T + b_hh, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g)
        h = sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    def gru(weights, state, ahead):
        w_hh, b_hh = weights
        (h,) = state
        xr, xz, xn = jnp.split(ahead, 3, axis=-1)
        hr, hz, hn = jnp.split(h @ w_hh.T + b_hh, 3, axis=-1)
        r, z = sigmoid(xr + hr), sigmoid(xz + hz)
        h = (1 - z) * jnp.tanh(xn + r * hn) + z * h
        return (h,), h

    cells = {"rnn": rnn, "lstm": lstm, "gru": gru}

    def prepare(request):
        cell = cells[request["cell"]]

        def forward(weights, x, state):
            w_ih, w_hh, b_ih, b_hh = weights
            state, y = jax.lax.scan(lambda state, ahead: cell((w_hh, b_hh), state, ahead), state, x @ w_ih.T + b_ih)
            return y, state

        @jax.jit
        def train(weights, x, state, gradient):
            y, pull = jax.vjp(lambda *arguments: forward(*arguments)[0], weights, x, state)
            return y, pull(gradient)

        infer = jax.jit(forward)
        weights = [jnp.asarray(value) for value in peer.weights(request["cell"], request["input"], request["hidden"])]
        x, state, gradient = peer.sequences(request)
        x, gradient, state = jnp.asarray(x), jnp.asarray(gradient), tuple(jnp.asarray(part) for part in state)

        if request["mode"] == "infer":
            call = lambda: jax.block_until_ready(infer(weights, x, state))
            return call, peer.checksum([call()[0]])
        call = lambda: jax.block_until_ready(train(weights, x, state, gradient))
        of_weights, of_x, of_state = call()[1]
        return call, peer.checksum([of_x, *of_state, of_weights[0], of_weights[1]])

    def use_threads(count):
        if count != threads:
            raise ValueError(f"JAX was started with {threads} threads and can't use another number")

    return {"JAX": jax.__version__, "jaxlib": jaxlib.__version__}, use_threads, prepare


if __name__ == "__main__":
    peer.serve(load)
