"""Prompts and answers learned by three kinds of model: `python nbs/results/finetune.py`, some minutes a run on one core.

Every run begins with a new small model, learns pairs of one made task, and is judged on held-out prompts as it goes: share of answers that
are exactly right and end, their length, whether they stop. At the end LLaDA answers in several orders (left to right, confidence,
random), with fewer model calls, with more room than it needs and with guidance. What is done stands in nbs/results/finetune.json and is not done again: `--only
addition/llada` does one, `--again` starts afresh. 09_finetune shows the file.
"""
from pathlib import Path
import argparse
import json
import time

import torch

from llada_nb.answers import end_char, end_of, exact_match
from llada_nb.core import provenance, write_json
from llada_nb.data import CharTokenizer
from llada_nb.finetune import answer_losses
from llada_nb.loop import TrainConfig, Trainer, train
from llada_nb.model import ModelConfig, Transformer
from llada_nb.pairs import find_pairs, pair_batches, pair_rows, room_for, split_pairs

out = Path(__file__).parent/'finetune.json'
size = dict(dim=64, n_layer=3, n_head=2, ffn_dim=192, max_len=96, conv=5)
how = dict(bs=32, lr=.02, wd=.1)
steps = {'sorting': 2000, 'addition': 3000, 'addition-back': 3000, 'multiplication': 3000, 'multiplication-back': 3000, 'speakers': 1000}
kinds = 'llada', 'ar', 'blocks'
todo = [('sorting', k) for k in kinds] + [('addition', k) for k in kinds] + [(f'multiplication{b}', k) for k in kinds for b in ('', '-back')] \
    + [('speakers', k) for k in kinds] + [('addition-back', k) for k in kinds]
block = 4


def ways(kind):
    "How a finished model is asked: name → arguments of the decoder, and further room."
    if kind == 'ar': return dict(default=({}, 0))
    if kind == 'blocks': return dict(default=(dict(block_len=block), 0), one=(dict(block_len=1), 0))
    return {'default': ({}, 0), 'left to right': (dict(block_len=1), 0), 'margin': (dict(remasking='margin'), 0),
            'random': (dict(remasking='random'), 0), 'half the calls': (dict(steps=None), 0), 'one call': (dict(steps=1), 0),
            'room for 8 more': ({}, 8), 'guidance 0.5': (dict(cfg_scale=.5), 0), 'guidance 2': (dict(cfg_scale=2.), 0)}


def run(task, kind, seed, scale=1):
    "One training and what it knows as it goes."
    pairs = find_pairs(task, 40_000)
    learn, judge = split_pairs(pairs)
    tok = CharTokenizer(''.join(p+a for p, a in pairs)+end_char)
    table = pair_rows(pairs, tok, size['max_len'])
    room = room_for(table, end_of(tok), kind, size['max_len'], block)
    torch.manual_seed(seed)
    n = max(1, int(steps[task]*scale))
    cfg = TrainConfig(steps=n, every=max(1, n//10), **how)
    tr = Trainer(Transformer(ModelConfig(vocab_size=tok.vocab_size, kind=kind, **size)), cfg)
    loss, _ = answer_losses(kind, tok.mask_id, end_of(tok), block)
    rows, start, spent = [], time.process_time(), 0.
    usual = ways(kind)['default'][0]
    score = lambda model, some, more=0, **kw: {k: round(v, 4) for k, v in exact_match(model, tok, some, room+more, **kw).items()}
    for s in train(tr, loss, pair_batches(pair_rows(learn, tok, size['max_len']), cfg.bs, end_of(tok), size['max_len'])):
        if s.step % cfg.every and s.step < n: continue
        spent += time.process_time()-start
        rows.append(dict(step=s.step, loss=round(s.loss.item(), 4)) | score(tr.model, judge[:200], **usual))
        print(task, kind, rows[-1], f'{spent:.0f} s', flush=True)
        start = time.process_time()
    asked = {k: kw | (dict(steps=-(-room//2)) if k == 'half the calls' else {}) for k, (kw, _) in ways(kind).items()}
    spare = size['max_len']-room-max(len(p) for p, _ in judge)              # behind the longest prompt
    ends = {k: score(tr.model, judge[:500], ways(kind)[k][1], **kw) for k, kw in asked.items() if ways(kind)[k][1] <= spare}
    print(ends, flush=True)
    return dict(task=task, kind=kind, seed=seed, steps=n, rows=rows, ways=ends, learned=score(tr.model, learn[:200], **usual),
                parameters=sum(p.numel() for p in tr.model.parameters()), learned_from=len(learn), held_out=len(judge), room=room,
                processor_seconds=round(spent, 1), examples=[list(p) for p in judge[:2]])


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--only')
    p.add_argument('--again', action='store_true')
    p.add_argument('--scale', type=float, default=1.)
    p.add_argument('--seed', type=int, default=0)
    args = p.parse_args()
    done = json.loads(out.read_text())['runs'] if out.exists() and not args.again else []
    for task, kind in todo:
        if args.only and args.only != f'{task}/{kind}' or any((r['task'], r['kind']) == (task, kind) for r in done): continue
        done.append(run(task, kind, args.seed, args.scale))
        flags = dict(scale=args.scale) if args.scale != 1 else {}
        write_json(out, provenance('python', 'nbs/results/finetune.py', **flags) | dict(
            seed=args.seed, model=size, training=how, block=block, runs=done))


if __name__ == '__main__': main()
