"""The measurements of 10_correct, about a quarter of an hour on one core.

`LLADA_NB_DATA=FOLDER python nbs/results/correct.py [PART…]` writes nbs/results/correct.json after every part; a part that is named is
measured anew, without names those that are missing; with numbers behind it, `corrector:60` or `quality:8:32`, it is smaller. `corrector` goes
on from the package's LLaDA, with the corrector's loss, `control` with the usual one for as many updates; their weights are kept in the
folder runs/correct, and the other parts use those that are there.
"""
from functools import partial
from pathlib import Path
import json
import sys
import time

import torch
from tqdm import tqdm

from llada_nb.checkpoint import load_model, load_pretrained, save_model
from llada_nb.correct import correct_loss, found, plant, reread
from llada_nb.core import provenance, write_json
from llada_nb.data import batches, load_text, split, windows
from llada_nb.evaluate import exact_nll
from llada_nb.llada_train import llada_bound, root_loss
from llada_nb.loop import TrainConfig, Trainer, mean_loss, train
from llada_nb.quality import span, text_quality
from llada_nb.sampling import trajectory

out, seed, kept = Path(__file__).parent/'correct.json', 0, Path('runs/correct')
llada, tok, _ = load_pretrained('llada')
ar, M = load_pretrained('ar')[0], tok.mask_id
train_ids, valid_ids = split(tok.encode(load_text('tinyshakespeare')))


def some_windows(N, L):
    "N validation windows, from all over the split."
    return windows(valid_ids, L)[::(len(valid_ids)//L)//N][:N]


def models():
    "The package's model, the corrector and, if it was trained, the control."
    there = [n for n in ('corrector', 'control') if (kept/n).is_dir()]
    return dict(package=llada) | {n: load_model(kept/n)[0] for n in there}


def trained(name, loss, steps=200, L=64, bs=16, lr=.004):
    "Some more updates of the package's model, with a loss; its bound before and after."
    bound = partial(mean_loss, loss_fn=partial(llada_bound, mask_id=M), x0=some_windows(64, 256))
    torch.manual_seed(seed)
    cfg = TrainConfig(steps=steps, bs=bs, lr=lr, muon=.5, warmup=20, stable=.3)
    tr, start = Trainer(load_pretrained('llada')[0], cfg), time.perf_counter()
    for s in tqdm(train(tr, partial(loss, mask_id=M), batches(train_ids, bs, L)), name, steps): pass
    seconds = round(time.perf_counter()-start, 1)
    save_model(tr.model.eval(), kept/name, tok)
    return dict(updates=steps, rows_per_update=bs, length=L, lr=lr, seconds=seconds, bound=bound(tr.model), before=bound(llada))


def planted(N=32, L=128, share=.05):
    "Wrong characters in held-out text: who finds them, who mends them?"
    torch.manual_seed(seed)
    x0, rows = some_windows(N, L), []
    x, wrong = plant(x0, share)
    for name, model in models().items():
        for one_out in (False, True):
            if one_out and name != 'package': continue       # a call per character
            start = time.perf_counter()
            logits = reread(model, x, M if one_out else None)
            p, best = logits.softmax(-1).gather(-1, x[..., None])[..., 0], logits.argmax(-1)
            precision, recall = found(1-p, wrong)
            n = int(wrong.sum())
            flagged = torch.zeros_like(wrong).flatten()
            flagged[(1-p).flatten().argsort(descending=True, stable=True)[:n]] = True
            flagged = flagged.view_as(wrong)
            after = torch.where(flagged, best, x)
            at = [int((recall < r).sum()) for r in [(i+1)/40 for i in range(40)]]
            rows.append(dict(model=name, one_out=one_out, calls=L if one_out else 1, seconds=round(time.perf_counter()-start, 1), wrong=n,
                             found=precision[n-1].item(), mended=((best == x0) & wrong & flagged).sum().item()/n,
                             errors_before=wrong.float().mean().item(), errors_after=(after != x0).float().mean().item(),
                             errors_if_all_replaced=(best != x0).float().mean().item(),
                             recall=[round(recall[i].item(), 4) for i in at], precision=[round(precision[i].item(), 4) for i in at]))
            print({k: v for k, v in rows[-1].items() if k not in ('recall', 'precision')}, flush=True)
    return dict(windows=N, length=L, share=share, rows=rows)


def written(model, xt, **kw):
    "The end of a generation, its calls and how the judge likes each text."
    start = time.perf_counter()
    for calls, end in enumerate(trajectory(model, xt, M, seed=seed, **kw), 1): pass
    seconds, nll = time.perf_counter()-start, exact_nll(ar, end, M)
    return dict(calls=calls, seconds=round(seconds, 2), se=(nll.std()/len(nll)**.5).item(), **text_quality(end, lambda _: nll))


ways = {'random': dict(remasking='random', temperature=1.), 'margin': dict(remasking='margin', block_len=32, temperature=.6),
        'random, cool': dict(remasking='random', temperature=.6), 'short blocks': dict(remasking='margin', block_len=8, temperature=.6)}
rules = [('package', r) for r in (None, 'rescale:.05', 'rescale:.2', 'conf:.2', 'loop:.2', 'doubt:.2')]
rules += [('corrector', None), ('corrector', 'doubt:.2'), ('control', None)]
few = [('package', None), ('package', 'rescale:.2'), ('corrector', 'doubt:.2')]


def quality(n=24, L=64):
    "Texts without a prompt, by calls: no revisiting, the rules, the trained corrector; cooler, and in short blocks."
    xt, rows, who = torch.full((n, L), M), [], models()
    for (way, kw), plan in zip(ways.items(), (rules, rules, few, few)):
        for name, rule in plan:
            for S in (L//4, L, 2*L):
                if S > L and not rule or name not in who: continue
                rows.append(dict(way=way, model=name, revisit=rule, **written(who[name], xt, steps=S, revisit=rule, **kw)))
                print(rows[-1], flush=True)
    real = some_windows(n, L)
    return dict(texts=n, length=L, ways=ways, rows=rows, real=text_quality(real, lambda ids: exact_nll(ar, ids, M)))


def gaps(n=48, L=64, hidden=16):
    "The middle of held-out windows, at temperature 0: characters that are right."
    x0, rows, who = some_windows(n, L), [], models()
    hide = span(n, L, (L-hidden)//2, (L+hidden)//2)
    for name, rule in (('package', None), ('package', 'rescale:.2'), ('package', 'conf:.2'), ('corrector', None), ('corrector', 'doubt:.2'), ('control', None)):
        for S in (2, 4, 8, 16, 32):
            if S > hidden and not rule or name not in who: continue
            for calls, end in enumerate(trajectory(who[name], x0.masked_fill(hide, M), M, steps=S, remasking='margin', revisit=rule), 1): pass
            right = (end == x0)[hide].view(n, hidden).float().mean(1)
            rows.append(dict(model=name, revisit=rule, calls=calls, right=right.mean().item(), se=(right.std()/n**.5).item()))
            print(rows[-1], flush=True)
    return dict(windows=n, length=L, hidden=hidden, rows=rows)


def main():
    torch.set_num_threads(1)
    parts, names = dict(planted=planted, quality=quality, gaps=gaps), sys.argv[1:]
    parts = dict(corrector=partial(trained, 'corrector', correct_loss), control=partial(trained, 'control', root_loss)) | parts
    result = json.loads(out.read_text()) if out.exists() else {}
    for asked in names or [k for k in parts if k not in result]:
        start, (name, *sizes) = time.perf_counter(), asked.split(':')
        r = parts[name](*map(int, sizes))
        result[name] = provenance('python', 'nbs/results/correct.py', asked) | dict(seed=seed, took=round(time.perf_counter()-start)) | r
        write_json(out, result)


if __name__ == '__main__': main()
