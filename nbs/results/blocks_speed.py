"""What a block model buys: every way to write a text, judged and timed in one process.

`python nbs/results/blocks_speed.py BLOCKS [--llada NAME --baseline NAME --judge NAME --n ROUNDS …]`, names as `llada_generate` takes them.
For each batch and length all contestants write in turns; the first, which all ratios refer to, is the block model's own written
half with a cache (`ar_decode`). Models that know a window of fixed length write longer texts in windows, half of each a prompt. Batches are judged; one
text of the shortest length is timed for `--n` rounds at most, everything else once. Saves nbs/results/blocks_speed.json after each group,
and prints every run. 08a_speculate shows it. `--n 1 --lengths 64 128 --batches 1 4 --out /tmp/x.json` is a quick try.
"""
from functools import partial
from pathlib import Path
import argparse
import time

import torch

from llada_nb.checkpoint import load_any
from llada_nb.core import provenance, write_json
from llada_nb.corpora import encode_text
from llada_nb.blocks import write
from llada_nb.data import windows
from llada_nb.evaluate import exact_nll, text_of
from llada_nb.quality import text_quality
from llada_nb.sampling import ar_decode
from llada_nb.speculate import Masks, NGram, pair_table, speculate
from llada_nb.speed import run_to_end, samplers, take_turns


def in_windows(decode, L, M):
    "A decoder that knows L positions, for a text of any length: half a window is a prompt, the other half is written."
    def long(xt, seed):
        at = 0
        while (xt == M).any():
            part, xt = xt[:, at:at+L], xt.clone()
            for state in decode(part, seed):
                xt[:, at:at+L] = state
                yield xt
            at, seed = at+L//2, seed+1_000_003                 # the next window draws other numbers
    return long


def by_itself(model, M, bos, T):
    "`ar_decode`: BOS marks what is to be written."
    def decode(xt, seed):
        for state in ar_decode(model, xt.masked_fill(xt == M, bos), bos, T, seed): yield state.masked_fill(state == bos, M)
    return decode


def contestants(blocks, llada, ar, M, drafts, args):
    "name → (what it is, function of a template and a seed); the first is the one that ratios refer to."
    T, L = args.temperature, blocks.cfg.max_len
    own = dict(temperature=T, seed=0)
    all_ = {'baseline: written half, cache': ('its own baseline', in_windows(by_itself(blocks, M, M+1, T), L, M))}
    for what, m in (('a separate baseline', ar), ('a separate LLaDA', llada)):
        if m is None: continue
        if m is ar: each = {'separate baseline, cache': by_itself(ar, M, M, T)}
        else:
            each = samplers(llada, None, M, args.block, T, args.sure)
            each = {f'LLaDA {k[2:]}': each[k] for k in ('a published', 'b exact', 'c threshold, cache')}
        for name, f in each.items(): all_[name] = what, in_windows(f, m.cfg.max_len, M)
    def block(k, **kw): return lambda xt, seed: write(blocks, xt, M, block_len=k, **(own | dict(seed=seed) | kw))
    for k in args.blocks:
        all_[f'blocks of {k}, a token a call'] = 'blocks', block(k, remasking='max_prob')
        for t in args.threshold: all_[f'blocks of {k}, threshold {t:g}'] = 'blocks', block(k, remasking='max_prob', threshold=t)
        for g in args.gamma: all_[f'blocks of {k}, EB {g:g}'] = 'blocks', block(k, remasking='entropy', gamma=g)
    def spec(draft, k): return lambda xt, seed: speculate(blocks, xt, M, k=k, temperature=T, seed=seed, draft=draft)
    for name, (draft, ks) in drafts.items():
        for k in ks: all_[f'{name}, {k} drafted'] = 'speculation', spec(draft, k)
    return all_


def measure(each, xt, n, judge):
    "Rows of one batch and length; the same seed in all rounds, so that a contestant does the same work."
    def run(name, f):
        seconds, calls, end = run_to_end(f(xt, 0))
        print(f'{len(xt)} x {xt.shape[1]}  {name:45} {calls:5} calls {seconds:8.2f} s', flush=True)
        return seconds, calls, end
    rows = []
    for r, (_, calls, end) in take_turns({name: partial(run, name, f) for name, (_, f) in each.items()}, n):
        assert not (end == judge.keywords['bos_id']).any()
        rows.append(r | dict(what=each[r['name']][0], batch=len(xt), length=xt.shape[1], calls=calls, tokens_per_call=xt.shape[1]/calls,
                             call_ms=1e3*r['seconds']/calls, speed=xt.numel()/r['seconds']))
        rows[-1]['along'] = by_place(end, judge)
        nll = judge(end)
        if len(nll) > 1: rows[-1] |= text_quality(end, lambda _: nll) | dict(se=nll.std().item()/len(nll)**.5)
    return rows


def by_place(ids, judge):
    "Judge and variety, window after window of the texts; None for texts of one window."
    L = judge.keywords['model'].cfg.max_len
    if ids.shape[1] < 2*L: return None
    parts = [ids[:, i:i+L] for i in range(0, ids.shape[1]-L+1, L)]
    return [{k: v for k, v in text_quality(x, judge).items() if k in ('nll', 'distinct')} for x in parts]


def by_judge(ids, model, bos_id):
    "-log p of each text in nats per token, long ones in windows of their own."
    L = min(model.cfg.max_len, ids.shape[1])
    parts = ids[:, :ids.shape[1]//L*L].reshape(-1, L)
    return exact_nll(model, parts, bos_id).view(len(ids), -1).mean(1)


def main():
    p = argparse.ArgumentParser()
    p.add_argument('model')
    p.add_argument('--llada', default='llada')
    p.add_argument('--baseline', default='ar')
    p.add_argument('--judge', help='a baseline; default: --baseline')
    p.add_argument('--data', help='the text that is counted and judged; default: the one that the model was trained on')
    p.add_argument('--n', type=int, default=20)
    p.add_argument('--batches', type=int, nargs='*', default=[1, 32])
    p.add_argument('--lengths', type=int, nargs='*', default=[256, 2048])
    p.add_argument('--temperature', type=float, default=1.)
    p.add_argument('--block', type=int, default=32, help='of LLaDA')
    p.add_argument('--sure', type=float, default=.5, help='threshold of LLaDA with a cache')
    p.add_argument('--blocks', type=int, nargs='*', default=[4, 8, 16])
    p.add_argument('--threshold', type=float, nargs='*', default=[.5, .8])
    p.add_argument('--gamma', type=float, nargs='*', default=[.3, 1.])
    p.add_argument('--masks', type=int, nargs='*', default=[2, 4])
    p.add_argument('--pairs', type=int, nargs='*', default=[2, 4])
    p.add_argument('--ngram', type=int, nargs='*', default=[4, 8, 12])
    p.add_argument('--most', type=int, default=40_000, help='written tokens beyond which LLaDA is left out')
    p.add_argument('--out', default=str(Path(__file__).parent/'blocks_speed.json'))
    args = p.parse_args()
    flags = {k: ' '.join(map(str, v)) if isinstance(v, list) else v for k, v in vars(args).items()
             if k not in ('model', 'out') and v is not None and v != p.get_default(k)}
    (blocks, tok, info), (llada, tok2, _), (ar, tok3, _) = (load_any(o) for o in (args.model, args.llada, args.baseline))
    judge = load_any(args.judge)[0] if args.judge else ar
    for name, m, kind in ((args.model, blocks, 'blocks'), (args.llada, llada, 'llada'), (args.baseline, ar, 'ar')):
        if m.cfg.kind != kind: raise SystemExit(f"'{name}' is of kind {m.cfg.kind}; it must be of kind {kind}")
    if not tok.to_json() == tok2.to_json() == tok3.to_json(): raise SystemExit('the models have different vocabularies')
    M, data = tok.mask_id, encode_text(text_of(info, args.model, args.data), tok)
    start, V = time.perf_counter(), tok.vocab_size
    train = data.train.long()
    drafts = {'masks': (Masks(), args.masks), 'masks x pairs': (Masks(pair_table(train, V)), args.pairs)}
    pairs, start = time.perf_counter()-start, time.perf_counter()
    drafts['6-gram'] = NGram(train, V), args.ngram
    counting = dict(pairs=pairs, ngram=time.perf_counter()-start)
    print('seconds of counting:', counting, flush=True)
    judged, todo = partial(by_judge, model=judge, bos_id=M), contestants(blocks, llada, ar, M, drafts, args)
    real = {L: text_quality(x0 := windows(data.valid.long(), L)[:max(args.batches)], lambda _: judged(x0)) for L in args.lengths}
    result = provenance('python', 'nbs/results/blocks_speed.py', args.model, **flags) | dict(
        seed=0, temperature=args.temperature, corpus=info.get('corpus'), counting=counting, real=real,
        window=blocks.cfg.max_len, parameters={n: sum(p.numel() for p in m.parameters()) for n, m in (('blocks', blocks), ('llada', llada), ('ar', ar))},
        updates={'blocks': info.get('updates', info.get('steps'))}, skipped=[], rows=[])
    for L in args.lengths:
        for B in args.batches:
            each = {k: v for k, v in todo.items() if B*L <= args.most or v[0] != 'a separate LLaDA'}
            result['skipped'] += [dict(name=k, batch=B, length=L) for k in todo if k not in each]
            n = args.n if B == 1 and L == min(args.lengths) else 1
            result['rows'] += measure(each, torch.full((B, L), M), n, judged)
            write_json(args.out, result)


if __name__ == '__main__': main()
