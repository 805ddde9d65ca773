"""Learning from a reward, the measurements of 09c_reward: `python nbs/results/reward.py`, some eight minutes of one core.

For each seed a small LLaDA learns sums of two digits until it begins to get some right, and stops there. From these weights it goes on by
reward alone, once with each estimate of an answer's likelihood, all with the same number of model calls, and once with rewards shuffled among the tries.
`estimates` then holds each estimate against the exact likelihood of the same answers. What is done stands in nbs/results/reward.json and is
not done again; weights are kept in runs/reward. The learning rate was chosen in short trials with one step.
`--only way/seed` does one, `--again` starts afresh, `--scale .05` is a small trial.
"""
from pathlib import Path
import argparse
import json
import time

import torch

from llada_nb.answers import end_char, end_of, exact_match
from llada_nb.checkpoint import load_model, save_model
from llada_nb.core import provenance, write_json
from llada_nb.data import CharTokenizer
from llada_nb.finetune import answer_losses
from llada_nb.loop import TrainConfig, Trainer, fixed_seed, judging, train
from llada_nb.model import ModelConfig, Transformer
from llada_nb.pairs import arithmetic, pair_batches, pair_rows, split_pairs
from llada_nb.reward import advantages, draw_noise, in_order, learn_from_reward, one_step, reward_loss, right, several_masks, tries

out, kept = Path(__file__).parent/'reward.json', Path('runs/reward')
size = dict(dim=48, n_layer=2, n_head=2, ffn_dim=128, max_len=16, conv=3)
before = dict(bs=32, lr=.02, wd=.1, until=.2, settle=80)            # stops at this share of sampled answers right, settles for so many updates
how = dict(prompts=16, group=8, inner=2, masks=4, lr=.0005, clip=.2, calls=2000)  # calls: for each of the prompts·group tries of a batch
ways = dict(one=one_step, several=several_masks, order=in_order, shuffled=one_step)
seeds, room = (0, 1, 2), 4
learn, judge = split_pairs(arithmetic('+', 2, 8100))       # all there are
tok = CharTokenizer(''.join(p+a for p, a in learn+judge)+end_char)
M, end = tok.mask_id, end_of(tok)
rows, held = pair_rows(learn, tok, size['max_len']), pair_rows(judge, tok, size['max_len'])
hot = dict(temperature=1., block_len=1)


def score(model, n=200, seed=10**6):
    "Held-out prompts: right when answered greedily, and when answers are drawn; do they end?"
    greedy, drawn = exact_match(model, tok, judge[:n], room), exact_match(model, tok, judge[:n], room, seed=seed, **hot)
    return dict(exact=round(greedy['exact'], 4), drawn=round(drawn['exact'], 4), ended=round(drawn['ended'], 4))


def ends(model):
    "A finished model on 500 held-out prompts, and how varied its answers are: -log p of 2 draws each, how often they differ."
    said = tries(model, held[:500], 2, M, end, seed=2*10**6)
    with judging(model): logp = torch.cat([in_order(model, s[:, 1:], s[:, 0], M, end) for s in said.split(250)])
    differ = (said[::2] != said[1::2]).any(1).float().mean().item()
    left = exact_match(model, tok, judge[:500], room, block_len=1)['exact']
    return score(model, 500) | dict(left_to_right=round(left, 4), entropy=round(-logp.mean().item(), 4), two_differ=round(differ, 4))


def base(seed, scale):
    "A model that has begun to add."
    torch.manual_seed(seed)
    model, start = Transformer(ModelConfig(vocab_size=tok.vocab_size, kind='llada', **size)), time.process_time()
    loss, data = answer_losses('llada', M, end)[0], pair_batches(rows, before['bs'], end, spare=0)
    own = {k: before[k] for k in ('bs', 'lr', 'wd')}
    for s in train(Trainer(model, TrainConfig(steps=max(1, int(5000*scale)), stable=1., **own)), loss, data):
        if s.step % 100 == 0 and exact_match(model, tok, learn[:200], room, **hot)['exact'] >= before['until']: break
    for _ in train(Trainer(model, TrainConfig(steps=before['settle'], stable=0., warmup=0, **own)), loss, data): pass
    save_model(model, kept/f'base-{seed}', tok)
    return dict(way='base', seed=seed, updates=s.step+before['settle'], seconds=round(time.process_time()-start, 1)) | ends(model)


def rewarded(way, seed, scale):
    "From a base on, by reward: a row per look, what a batch of tries costs in calls of each."
    model = load_model(kept/f'base-{seed}')[0]
    calls = room+how['inner']*dict(one=1, several=how['masks'], order=room, shuffled=1)[way]
    steps = max(2, int(how['calls']*scale)//calls*how['inner'])
    torch.manual_seed(seed)
    tr, start, spent = Trainer(model, TrainConfig(steps=steps, bs=how['prompts'], lr=how['lr'], warmup=10)), time.process_time(), 0.
    def asked():
        while True: yield rows[torch.randint(len(rows), (how['prompts'],))]
    def shuffled(said, wanted): return right(said, wanted)[torch.randperm(len(said))]
    looks, seen = [dict(step=0, calls=0) | score(model)], []
    for s in learn_from_reward(tr, asked(), ways[way], M, end, how['group'], how['masks'], how['inner'],
                               shuffled if way == 'shuffled' else right, how['clip']):
        seen.append((s.reward, s.mixed))
        if s.step*5//steps == (s.step-1)*5//steps: continue
        spent += time.process_time()-start
        r, mixed = torch.tensor(seen).mean(0).tolist()
        looks.append(dict(step=s.step, calls=s.step*calls//how['inner'], reward=round(r, 4), mixed=round(mixed, 3)) | score(model))
        print(way, seed, looks[-1], f'{spent:.0f} s', flush=True)
        seen, start = [], time.process_time()
    save_model(model, kept/f'{way}-{seed}', tok)
    return dict(way=way, seed=seed, updates=steps, calls_a_batch=calls, seconds=round(spent, 1), looks=looks) | ends(model)


def estimates(seed=0, repeats=64):
    "Each estimate against the exact log p of the same drawn answers; ratios of two policies; the direction of the gradient."
    model, later = (load_model(kept/f'{w}-{seed}')[0] for w in ('base', 'several'))
    asked = held[:128]
    said = tries(model, asked, 2, M, end, seed=3*10**6)
    x0, n = said[:, 1:], said[:, 0]
    torch.manual_seed(seed)
    def masks(m, noise): return several_masks(m, x0, n, M, end, noise)
    def line(name, calls, e): # e: errors, (repeats,answers)
        var, bias = e.var(0).mean().item() if len(e) > 1 else 0., e.mean(0)
        square = bias.pow(2).mean().item()-var/len(e)                            # without what noise adds
        return dict(name=name, calls=calls, mean=round(bias.mean().item(), 4), bias=round(max(square, 0)**.5, 4), sd=round(var**.5, 4))
    with judging(model), judging(later):
        exact = in_order(model, x0, n, M, end)
        lines = [line('one step', 1, (one_step(model, x0, n, M, end)-exact)[None])]
        for k in (1, 2, 4, 8):
            lines.append(line('several masks', k, torch.stack([masks(model, draw_noise(k, x0)) for _ in range(repeats)])-exact))
        lines.append(line('in order', room, torch.zeros(1, len(x0))))
        ratios = {}
        for kind in ('shared', 'not shared'):
            noise = [draw_noise(how['masks'], x0) for _ in range(repeats)]
            other = noise if kind == 'shared' else [draw_noise(how['masks'], x0) for _ in range(repeats)]
            r = torch.stack([masks(later, b)-masks(model, a) for a, b in zip(noise, other)])
            ratios[kind] = round(r.var(0).mean().item()**.5, 4)
    return dict(seed=seed, answers=len(said), repeats=repeats, exact=round(exact.mean().item(), 4), exact_sd=round(exact.std().item(), 4),
                lines=lines, ratio_sd=ratios, cosines=directions(model, seed))


def directions(model, seed, batches=8):
    "Cosine of each estimate's gradient with the exact one, on the tries of one batch; and the mean over batches."
    def gradient(lp, adv):
        model.zero_grad()
        reward_loss(lp, lp.detach(), adv).backward()
        return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
    found = {}
    for i in range(batches):
        asked = rows[torch.randint(len(rows), (how['prompts'],), generator=torch.Generator().manual_seed(i))]
        said = tries(model, asked, how['group'], M, end, seed=4*10**6+1000*i)
        adv = advantages(right(said, asked.repeat_interleave(how['group'], 0)).view(-1, how['group'])).flatten()
        with fixed_seed(seed+i):
            args = model, said[:, 1:], said[:, 0], M, end
            exact = gradient(in_order(*args), adv)
            all_ = {'one step': one_step(*args)} | {f'{k} masks': several_masks(*args, draw_noise(k, said[:, 1:])) for k in (1, 4, 16)}
            for name, lp in all_.items(): found.setdefault(name, []).append(torch.cosine_similarity(gradient(lp, adv), exact, 0).item())
    return {k: round(sum(v)/len(v), 4) for k, v in found.items()}


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--only')
    p.add_argument('--again', action='store_true')
    p.add_argument('--scale', type=float, default=1.)
    a = p.parse_args()
    torch.set_num_threads(1)
    got = json.loads(out.read_text()) if out.exists() and not a.again else dict(runs=[])
    def save():
        flags = dict(scale=a.scale) if a.scale != 1 else {}
        write_json(out, provenance('python', 'nbs/results/reward.py', **flags) | dict(
            seeds=seeds, model=size, before=before, how=how, room=room, learned_from=len(learn), held_out=len(judge)) | got)
    keep = ('runs', 'estimates')
    got = {k: got[k] for k in keep if k in got}
    for seed in seeds:
        for way in ('base', *ways):
            if a.only and a.only != f'{way}/{seed}' or any((r['way'], r['seed']) == (way, seed) for r in got['runs']): continue
            got['runs'].append(r := base(seed, a.scale) if way == 'base' else rewarded(way, seed, a.scale))
            print({k: v for k, v in r.items() if k != 'looks'}, flush=True)
            save()
    if a.only in (None, 'estimates') and 'estimates' not in got:
        got['estimates'] = estimates()
        print(got['estimates'], flush=True)
        save()


if __name__ == '__main__': main()
