"""Put a trained run into the package: `LLADA_NB_DATA=FOLDER python .ci/bundle.py RUN llada|ar`.

Weights are rounded to float16; the validation figure is computed after that, with seeds that no training used.
"""
from functools import partial
from pathlib import Path
import json
import math
import sys

from llada_nb.ar_train import ar_loss
from llada_nb.data import load_text, split, windows
from llada_nb.llada_train import llada_bound
from llada_nb.loop import estimate, evaluate
from llada_nb.checkpoint import load_model, save_model

run, name = sys.argv[1:]
seed, n = 100, 1 if name=='ar' else 16
model, tok, info = load_model(run)
text = load_text(info['corpus'])
result = json.loads((Path(run)/'result.json').read_text())
assert text.digest==info['sha256'], 'another corpus than the one it was trained on'
assert name in ('llada', 'ar') and model.cfg.causal==(name=='ar'), f'this is no {name}'
model = model.half().float()
x0 = windows(split(tok.encode(text))[1], model.cfg.max_len)
loss = partial(ar_loss, bos_id=tok.mask_id) if name=='ar' else partial(llada_bound, mask_id=tok.mask_id)
nats, se = estimate(model, loss, x0, n, seed)
first = evaluate(model, loss, x0, seed=seed)
keep = {k: info[k] for k in ('command', 'hardware', 'date', 'llada_nb', 'torch', 'python', 'corpus', 'sha256', 'seed', 'train', 'step')}
if 'loss' in info: keep['loss'] = info['loss']
save_model(model.half(), Path(__file__).parent.parent/'llada_nb/weights'/name, tok, **keep, parameters=sum(p.numel() for p in model.parameters()), updates=result['updates'], update_seconds=result['update_seconds'],
           nats=nats, se=se, bits=nats/math.log(2), bits_se=se/math.log(2), what='loss' if name=='ar' else 'bound (L/l form)', first=first, first_seed=seed,
           repetitions=n, windows=list(x0.shape), note='weights rounded to float16; figures computed with them; the same split chose the best checkpoint, with other noise')
print(f'{nats:.4f} ± {se:.4f}')
