"""Put a trained run into the package, or check the card of those that are there.

`LLADA_NB_DATA=FOLDER python .ci/bundle.py RUN llada|ar|blocks`: weights are rounded to float16; the validation figure is computed
after that, with seeds that no training used. Then the model card is written anew. `--check` compares the card only.
"""
import json
import math
import sys
from functools import partial
from pathlib import Path

weights = Path(__file__).parent.parent/'llada_nb/weights'


def card():
    "The model card: all figures in it are those that stand beside the weights."
    d = {name: json.loads((weights/name/'config.json').read_text(encoding='utf-8')) for name in ('llada', 'ar', 'blocks') if (weights/name/'config.json').exists()}
    def figure(n, c):
        if n == 'blocks': return f"at most {c['block 1']:.3f} in blocks of 1 to {c['nats']:.3f} ± {c['se']:.3f} in one block; {c['clean']:.3f} from left to right"
        return f"{'at most ' if n == 'llada' else ''}{c['nats']:.3f}" + (f" ± {c['se']:.3f}" if c['se'] else '')
    rows = [f"| `{n}` | {c['parameters']:,} | `{c['command']}` | {c['updates']} | {c['date']} | {figure(n, c)} |" for n, c in d.items()]
    m = d['llada']['model']
    both = '; `blocks` does both, in blocks of any length' if 'blocks' in d else ''
    return f"""# The models of the package

What they are: Transformers with the same body ({m['n_layer']} layers, {m['dim']} wide, {m['n_head']} heads, windows of {m['max_len']} characters, {m['vocab_size']} characters). `llada` predicts masked
characters and sees both sides; `ar` predicts the next character{both}. Made to learn from, and small enough to write on a CPU.

What they were trained on: the first nine tenths of TinyShakespeare (sha256 `{d['llada']['sha256']}`), Shakespeare's plays as collected by
karpathy/char-rnn. The plays are in the public domain; the weights are under this project's Apache-2.0.

| model | parameters | trained by | updates | date | validation, nats per character |
|---|---|---|---|---|---|
{chr(10).join(rows)}

How they were judged: on the last tenth of the text, {d['llada']['windows'][0]} windows of {d['llada']['windows'][1]} characters, after rounding to float16, with noise that no training used. A bound
on -log p stands with the standard error of its sampling, the other figures are -log p. The same split chose the best checkpoint.

What they cannot do: they know no facts and no language but that of these plays, their words are often made up, and they end where their window ends. Nothing
was done about what the plays say of people. Do not use them for anything that matters.
"""


def bundle(run, name):
    from llada_nb.ar_train import ar_loss
    from llada_nb.blocks import curve_losses
    from llada_nb.checkpoint import load_model, save_model
    from llada_nb.data import load_text, split, windows
    from llada_nb.llada_train import llada_bound
    from llada_nb.loop import mean_loss, replicate
    seed, n = 100, 1 if name == 'ar' else 16
    model, tok, info = load_model(run)
    text = load_text(info['corpus'])
    result = json.loads((Path(run)/'result.json').read_text(encoding='utf-8'))
    assert text.digest == info['sha256'], 'another corpus than the one it was trained on'
    assert model.cfg.kind == name, f'this is no {name}'
    model = model.half().float()
    x0 = windows(split(tok.encode(text))[1], model.cfg.max_len)
    M, L = tok.mask_id, model.cfg.max_len
    curve = curve_losses(M, L) if name == 'blocks' else {}
    loss = curve.pop(f'block {L}', None) or dict(ar=partial(ar_loss, bos_id=M), llada=partial(llada_bound, mask_id=M))[name]
    est = replicate(lambda: mean_loss(model, loss, x0, seed=None), n, seed)
    keys = 'command hardware date llada_nb torch python corpus sha256 seed train step loss preset'.split()
    more = {k: result[k] for k in ('updates', 'update_seconds', 'flops') if k in result}
    more |= {k: mean_loss(model, f, x0, seed=seed) for k, f in curve.items()}
    save_model(model.half(), weights/name, tok, **{k: info[k] for k in keys if k in info}, **more,
               parameters=sum(p.numel() for p in model.parameters()), nats=est.nats, se=est.se,
               bits=est.nats/math.log(2), bits_se=est.se/math.log(2), what=dict(ar='loss', llada='bound (L/l form)', blocks=f'bound at block {L}')[name],
               first_seed=seed, repetitions=n, windows=list(x0.shape),
               note='weights rounded to float16; figures computed with them; the same split chose the best checkpoint, with other noise')
    print(f'{est.nats:.4f} ± {est.se:.4f}')


def main(args):
    readme = weights/'README.md'
    if args == ['--check']: return readme.read_text(encoding='utf-8') != card() and 'the model card is out of date: python .ci/bundle.py --card'
    if args != ['--card']: bundle(*args)
    readme.write_text(card(), encoding='utf-8')


if __name__ == '__main__': sys.exit(main(sys.argv[1:]) or 0)
