"""The same operations spent on characters, bytes and subwords, judged on the same spans of text.

`LLADA_NB_DATA=FOLDER OMP_NUM_THREADS=1 python nbs/results/vocabularies.py` trains a LLaDA model and a baseline of the cpu preset for each
tokenizer, six to eight minutes each on one thread, and writes nbs/results/vocabularies.json after every one; what is there already is not
trained again, so it may be stopped. `--only ar:bpe:512` trains one, `--preset tiny --updates 20 --out FILE` is a try.

A run is as many updates as cost what `--updates` of the character model cost (operations by `update_flops`; rows of a batch and tokens
of a window are the preset's). Spans are stretches of validation text, as many characters as a window of the character model; each is
encoded by itself and judged from its beginning, and the nats of all are divided by their bytes.
"""
from dataclasses import replace
from pathlib import Path
import argparse
import json
import time

from tqdm import tqdm
import torch

from llada_nb.core import provenance, write_json
from llada_nb.data import load_text
from llada_nb.evaluate import exact_nll, nll_bound
from llada_nb.loop import replicate, train, update_flops
from llada_nb.model import skeleton
from llada_nb.runs import make_tokenizer, presets, set_up

out = Path(__file__).parent/'vocabularies.json'
words = 'chars', 'bytes', 'bpe:512', 'bpe:2048'


def cost(preset, kind, V):
    "Operations of one update."
    sizes, how = presets[preset]
    model = skeleton(replace(sizes, vocab_size=V, kind=kind))
    return update_flops(model, sizes.max_len)*sizes.max_len*how.bs


def by_length(tok, spans):
    "The spans as ids, those of a length together."
    groups = {}
    for s in spans:
        ids = tok.encode(s)
        groups.setdefault(len(ids), []).append(ids)
    return [torch.stack(g) for _, g in sorted(groups.items())]


def judge(s, kind, spans, repeats):
    "Nats per byte, and their standard error."
    groups, size = by_length(s.tok, spans), sum(len(t.encode()) for t in spans)
    M, model = s.tok.mask_id, s.tr.model
    def per_byte(f): return torch.tensor(sum(float(f(g).sum())*g.shape[1] for g in groups)/size)
    if kind == 'ar': return per_byte(lambda g: exact_nll(model, g, M)).item(), 0.
    est = replicate(lambda: per_byte(lambda g: nll_bound(model, g, M, 4)), repeats)
    return est.nats, est.se


def run(text, kind, name, a):
    tok, sizes = make_tokenizer(name, text), presets[a.preset][0]
    chars = make_tokenizer('chars', text)
    updates = round(a.updates*cost(a.preset, kind, chars.vocab_size)/cost(a.preset, kind, tok.vocab_size))
    s = set_up(text, kind, a.preset, a.seed, tokenizer=name, steps=updates)
    start = time.perf_counter()
    for _ in tqdm(train(s.tr, s.loss, s.batches), total=updates, desc=f'{kind} {name}'): pass
    seconds, valid, L = time.perf_counter()-start, text[int(.9*len(text)):], sizes.max_len
    at = torch.linspace(0, len(valid)-L, a.spans).long().tolist()
    nats, se = judge(s, kind, [valid[i:i+L] for i in at], a.repeats)
    read = updates*s.tr.cfg.bs*L
    return dict(kind=kind, tokenizer=name, vocab_size=tok.vocab_size, updates=updates, flops=updates*cost(a.preset, kind, tok.vocab_size),
                parameters=sum(p.numel() for p in s.tr.model.parameters()), tokens_read=read,
                bytes_per_token=round(len(valid.encode())/len(tok.encode(valid)), 3), nats_per_byte=nats, se=se,
                seconds=round(seconds, 1), date=provenance('')['date'])


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for k, v in dict(updates=1500, spans=400, repeats=8, seed=0).items(): ap.add_argument(f'--{k}', type=int, default=v)
    for k, v in dict(preset='cpu', data='tinyshakespeare', only='').items(): ap.add_argument(f'--{k}', default=v)
    ap.add_argument('--out', type=Path, default=out)
    a = ap.parse_args()
    text = load_text(a.data)
    how = dict(preset=a.preset, updates=a.updates, spans=a.spans, seed=a.seed, corpus=text.name, sha256=text.digest)
    done = json.loads(a.out.read_text()) if a.out.is_file() else {}
    rows = done.get('rows', []) if how.items() <= done.items() else []
    for name in words:
        for kind in ('ar', 'llada'):
            if a.only not in ('', f'{kind}:{name}') or any((r['kind'], r['tokenizer']) == (kind, name) for r in rows): continue
            rows.append(run(text, kind, name, a))
            print(rows[-1])
            flags = {k: how[k] for k in ('preset', 'updates', 'spans', 'seed')} | dict(data=a.data)
            write_json(a.out, provenance('python', 'nbs/results/vocabularies.py', **flags) | how | dict(rows=rows))


if __name__ == '__main__': main()
