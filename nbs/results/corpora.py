"""1 GB of text, encoded and trained on, some minutes on one core: `python nbs/results/corpora.py`.

Makes a folder of eight files (text, .jsonl, .gz) from the toy grammar, reads and encodes it as characters, as bytes and, a
fiftieth of it, as subwords, each in a process of its own with an empty cache, and trains a little on what was encoded. Measured
are the seconds of each pass and the anonymous memory (RssAnon: mapped pages do not count) beyond that of the imports. Linux only.
Writes nbs/results/corpora.json, which 00c_corpora shows.
"""
from pathlib import Path
from threading import Event, Thread
import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time

from llada_nb.core import provenance, write_json
from llada_nb.corpora import encode_text, find_text
from llada_nb.data import toy_text
from llada_nb.llada_train import llada_train
from llada_nb.runs import make_tokenizer

out = Path(__file__).parent/'corpora.json'


def make(folder, size):
    "Eight files of a share each: five plain, two .jsonl with documents of 2,000 characters, one .gz."
    block, share = toy_text(4_000_000), size//8
    folder.mkdir()
    for i in range(8):
        name = f'{i}.jsonl' if i in (2, 5) else f'{i}.txt.gz' if i == 7 else f'{i}.txt'
        with (gzip.open(folder/name, 'wt', compresslevel=1) if i == 7 else open(folder/name, 'w')) as f:
            for at in range(0, share, len(block)):
                part = (block[i*1000:]+block[:i*1000])[:share-at]
                if i in (2, 5): part = ''.join(json.dumps(dict(text=part[j:j+2000]))+'\n' for j in range(0, len(part), 2000))
                f.write(part)


def anonymous():
    "RssAnon of this process, MB."
    line = next(l for l in Path('/proc/self/status').read_text().splitlines() if l.startswith('RssAnon'))
    return int(line.split()[1])/1e3


def measure(folder, words, size):
    "Read, encode, train; seconds and memory, as one line of JSON."
    before, most, done, seconds = anonymous(), [0], Event(), {}
    def watch():
        while not done.wait(.005): most[0] = max(most[0], anonymous())
    watcher = Thread(target=watch)
    watcher.start()
    def timed(what, f):
        start = time.perf_counter()
        r = f()
        seconds[what] = round(time.perf_counter()-start, 2)
        return r
    docs = find_text(folder)
    timed('digest', lambda: docs.digest)
    tok = timed('tokenizer', lambda: make_tokenizer(words, docs))
    data = timed('encode', lambda: encode_text(docs, tok))
    encoding = most[0]
    timed('find again and train', lambda: llada_train(data=folder, tokenizer=words, preset='tiny', steps=20, windows=64, out='run'))
    done.set()
    watcher.join()
    rate = size/1e6/sum(seconds[k] for k in ('digest', 'tokenizer', 'encode'))
    print(json.dumps(dict(
        tokenizer=words, characters=size, documents=len(data.starts), tokens=len(data.ids), dtype=str(data.ids.dtype), split=data.how,
        seconds=seconds, mb_per_s=round(rate, 1), mb_before=round(before), mb_encoding=round(encoding-before),
        mb_peak=round(most[0]-before))))


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--size', type=int, default=10**9)
    p.add_argument('--measure', nargs=3)
    args = p.parse_args()
    if args.measure: return measure(args.measure[0], args.measure[1], int(args.measure[2]))
    rows, here = [], Path(__file__).resolve()
    with tempfile.TemporaryDirectory() as home:
        for words, size in (('chars', args.size), ('bytes', args.size), ('bpe:4096', args.size//50)):
            folder = Path(home)/f'texts{size}'
            if not folder.exists(): make(folder, size)
            env = os.environ | dict(LLADA_NB_CACHE=f'{home}/{words}')
            said = subprocess.run([sys.executable, here, '--measure', folder, words, str(size)], cwd=home, env=env, text=True,
                                  stdout=subprocess.PIPE, check=True).stdout
            rows.append(json.loads(said.splitlines()[-1]))
            print(rows[-1], flush=True)
    flags = {} if args.size == 10**9 else dict(size=args.size)
    write_json(out, provenance('python', 'nbs/results/corpora.py', **flags) | dict(runs=rows))


if __name__ == '__main__': main()
