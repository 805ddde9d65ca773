"""How few operations reach a figure: whole short runs of the cpu preset, each with its own decay. About five minutes on two cores.

`LLADA_NB_DATA=FOLDER python nbs/results/reach.py` writes nbs/results/reach.json. What longer runs reach is in trials.json and in
the runs' own results.
"""
from pathlib import Path

from tqdm import tqdm

from llada_nb.core import provenance, write_json
from llada_nb.data import load_text, split, windows
from llada_nb.loop import mean_loss, train, update_flops
from llada_nb.runs import set_up

out, seed = Path(__file__).parent/'reach.json', 0
text = load_text('tinyshakespeare')


def run(updates):
    "A baseline of so many updates: operations, −log p on windows as they are trained on, and on windows of 64."
    s = set_up(text, 'ar', 'cpu', seed, steps=updates)
    for _ in tqdm(train(s.tr, s.loss, s.batches), total=updates, desc=f'{updates} updates'): pass
    cfg, short = s.tr.model.cfg, windows(split(s.tok.encode(text))[1], 64)
    flops = update_flops(s.tr.model, cfg.max_len)*cfg.max_len*s.tr.cfg.bs*updates
    return dict(updates=updates, flops=flops, nats=mean_loss(s.tr.model, s.bound, s.val), nats_64=mean_loss(s.tr.model, s.bound, short))


def nano():
    "nanoGPT's recipe for a CPU: 4 layers, 128 wide, 2000 updates of 12·64 characters; its README gives 1.88."
    L, D, n = 64, 128, 4
    per_token = 6*(n*12*D*D + 65*D) + 12*n*D*L
    return dict(updates=2000, flops=per_token*2000*12*L, nats=1.88, source='https://github.com/karpathy/nanoGPT')


if __name__ == '__main__':
    rows = [run(n) for n in (50, 75, 100, 125, 150, 200, 250)]
    write_json(out, provenance('python', 'nbs/results/reach.py') | dict(seed=seed, nano=nano(), rows=rows))
    for r in rows: print(r)
