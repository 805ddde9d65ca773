"""The long parts of 05_evaluate and 05a_quality, about half an hour on two cores.

`LLADA_NB_DATA=FOLDER python nbs/results/evaluate.py [PART…]` writes nbs/results/evaluate.json after every part; a part that
is named is measured anew, without names those that are missing. Two processes may share the parts.
"""
from functools import partial
from pathlib import Path
import json
import math
import sys
import time

import torch
from tqdm import tqdm

from llada_nb.checkpoint import load_pretrained
from llada_nb.core import provenance, write_json
from llada_nb.data import load_text, split, windows
from llada_nb.evaluate import bigram_nll, control_variate, exact_nll, fit_beta, llada_eval, nll_bound, replay
from llada_nb.loop import fixed_seed, replicate
from llada_nb.quality import frontier, judge_nll, restored, span, text_quality

out, seed = Path(__file__).parent/'evaluate.json', 0
llada, tok, _ = load_pretrained('llada')
ar, M = load_pretrained('ar')[0], tok.mask_id
train_ids, valid_ids = split(tok.encode(load_text('tinyshakespeare')))
judge = partial(judge_nll, ar, bos_id=M)


def some_windows(N, L):
    "N validation windows, from all over the split."
    return windows(valid_ids, L)[::(len(valid_ids)//L)//N][:N]


def estimators(N=6, L=128, reps={8: 24, 32: 24, 128: 4}):
    "Variance of a window's estimate over repetitions, averaged over windows; and the mean over all windows, with its error."
    x0, table = some_windows(N, L), bigram_nll(train_ids, tok.vocab_size)
    with fixed_seed(seed): beta = fit_beta(llada, windows(train_ids, L)[:2048], M, table)
    control, rows = control_variate(x0, table, beta), []
    for calls, n in reps.items():
        for name in ('t', 'l', 'systematic', 'importance', 'importance, bigram'):
            how = dict(n=calls, estimator=name.split(',')[0], control=control if 'bigram' in name else None)
            with fixed_seed(seed+1): runs = torch.stack([nll_bound(llada, x0, M, **how) for _ in tqdm(range(n), desc=f'{name}, {calls}')])
            rows.append(dict(name=name, calls=calls, repetitions=n, var=runs.var(0).mean().item(), mean=runs.mean().item(),
                             se=runs.mean(1).std().item()/n**.5))
            print(rows[-1], flush=True)
    return dict(windows=N, length=L, beta=beta, rows=rows)


def replays(N=32, L=128):
    "The exact −log p of samplers on validation texts, for fewer and fewer calls."
    x0, rows = some_windows(N, L), []
    rules = {'left to right': dict(), 'max_prob': dict(remasking='max_prob'), 'margin': dict(remasking='margin'),
             'entropy': dict(remasking='entropy'), 'random': dict(remasking='random', seed=seed)}
    for calls in (L, L//2, L//4, L//8, L//16, L//32):
        for name, kw in rules.items():     # from left to right, as many positions at once as the calls ask for
            kw = dict(block_len=L//calls, steps=calls) if name == 'left to right' else kw | dict(steps=calls)
            nll = replay(llada, x0, M, **kw)
            rows.append(dict(name=name, calls=calls, nats=nll.mean().item(), spread=nll.std().item()))
            print(rows[-1], flush=True)
    return dict(windows=N, length=L, rows=rows, ar=exact_nll(ar, x0, M).mean().item())


def slack(N=32, L=128, orders=16):
    "How far the bound lies above −log p of the texts: other ways to read the same model, on the windows of `replays`."
    x0 = some_windows(N, L)
    est = replicate(lambda: nll_bound(llada, x0, M, 32), 8)
    each = [replay(llada, x0, M, remasking='random', seed=[10_000*k+i for i in range(N)]) for k in tqdm(range(1, orders+1), desc='orders')]
    each = torch.stack(each)                                                   # (K,N), nats per token
    rows = {'bound, 256 calls a window': est.nats,
            'one random order': each[0].mean().item(),
            f'mean of {orders} random orders': each.mean().item(),
            f'mixture of {orders} random orders': ((-L*each).logsumexp(0)-math.log(orders)).mean().item()/-L,
            'left to right': replay(llada, x0, M, block_len=1).mean().item(),
            'surest first (max_prob)': replay(llada, x0, M).mean().item(),
            'baseline': exact_nll(ar, x0, M).mean().item()}
    print(rows, flush=True)
    return dict(windows=N, length=L, orders=orders, se=est.se, between_orders=each.mean(1).std().item(),
                rows=[dict(name=k, nats=v) for k, v in rows.items()])


def settings(length):
    "What is compared: each order, in one block and in blocks of 32, with fewer and fewer calls."
    for remasking in ('random', 'low_confidence', 'max_prob', 'margin', 'entropy'):
        for block_len in (None, 32):
            for steps in (length, length//4, length//16): yield dict(remasking=remasking, block_len=block_len, steps=steps, temperature=.7)
    for temperature in (.5, 1.): yield dict(remasking='random', block_len=None, steps=length, temperature=temperature)


def frontiers(n=16, L=256):
    "Texts of every setting, timed and judged, and as much real text."
    rows = []
    for model, todo in ((llada, list(settings(L))), (ar, [dict(temperature=t) for t in (.3, .5, .7, 1.)])):
        for r in frontier(model, todo, judge, M, L, n, seed):
            rows.append(r)
            print(r, flush=True)
    return dict(texts=n, length=L, rows=rows, real=text_quality(windows(valid_ids, L)[:n], judge))


def budgets(n=8, L=256):
    "As many tokens a call as are sure enough: each by itself (threshold), or together (EB-sampler, gamma)."
    how = [dict(remasking='max_prob', threshold=t) for t in (.9, .5)]+[dict(remasking='entropy', gamma=g) for g in (.1, .5, 2.)]
    rows = []
    for r in frontier(llada, [dict(block_len=32, temperature=.7) | h for h in how], judge, M, L, n, seed):
        rows.append(r)
        print(r, flush=True)
    return dict(texts=n, length=L, rows=rows, real=text_quality(windows(valid_ids, L)[:n], judge))


def defaults(n=8, L=256):
    "Which temperature and which block, one character per call, in the order that `frontiers` chose."
    todo = [dict(remasking='margin', block_len=b, temperature=t) for b in (32, None) for t in (.4, .6, .8, 1.)]
    rows = []
    for r in frontier(llada, todo, judge, M, L, n, seed):
        rows.append(r)
        print(r, flush=True)
    return dict(texts=n, length=L, rows=rows, real=text_quality(windows(valid_ids, L)[:n], judge))


def both_ways(N=96, L=128, most=10**6):
    "What is hidden in the middle, at the end, at the beginning: restored by both models."
    every, rows, tasks = windows(valid_ids, L)[:most], [], []
    x0, half = every[::max(1, len(every)//N)][:N], L//2
    for size in (2, 8):
        a, b = half-4, half-4+size
        gap = span(len(every), L, a, b)
        tasks += [(f'{size} in the middle', 'LLaDA', llada, every, gap),
                  (f'{size} in the middle', 'LLaDA, left side only', llada, every[:, :b], gap[:, :b]),
                  (f'{size} in the middle', 'baseline (left side only)', ar, every, gap)]
    for name, a, b in (('second half from the first', half, L), ('first half from the second', 0, half)):
        hidden = span(len(x0), L, a, b)
        tasks += [(name, 'LLaDA', llada, x0, hidden), (name, 'baseline' if a else 'baseline (from nothing)', ar, x0, hidden)]
    for task, name, model, x, hidden in tasks:
        rows.append(dict(task=task, model=name, windows=len(x), **restored(model, x, M, hidden)))
        print(rows[-1], flush=True)
    return dict(length=L, rows=rows)


parts = dict(estimators=estimators, replay=replays, slack=slack, both_ways=both_ways, frontier=frontiers, budgets=budgets, defaults=defaults,
             llada=partial(llada_eval, 'llada', data='tinyshakespeare'), ar=partial(llada_eval, 'ar', data='tinyshakespeare'))


def main(names):
    def read(): return json.loads(out.read_text()) if out.exists() else {}
    for name in names or [p for p in parts if p not in read()]:
        start = time.perf_counter()
        part = provenance('python', 'nbs/results/evaluate.py', name) | dict(seed=seed) | parts[name]()
        write_json(out, read() | {name: part | dict(seconds_in_all=time.perf_counter()-start)})   # another process may have added one


if __name__ == '__main__': main(sys.argv[1:])
