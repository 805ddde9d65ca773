"""What users can get wrong on the command line, many times over in one process: each must end in one line and a status that is not 0.

`refusals.py` calls the installed package's commands as their console scripts do. Whatever would take long is stubbed: what is
accepted ends where the work would begin. commands.sh does a few of these through a real shell.
"""
import contextlib
import io
import itertools
import json
import os
import sys
import tempfile
import warnings
from pathlib import Path
from unittest.mock import patch

import llada_nb.ar_train
import llada_nb.blocks
import llada_nb.evaluate
import llada_nb.finetune
import llada_nb.llada_train
import llada_nb.generation
import llada_nb.speed
from llada_nb.checkpoint import load_any, save_model

commands = dict(llada_train=llada_nb.llada_train, ar_train=llada_nb.ar_train, blocks_train=llada_nb.blocks, llada_tune=llada_nb.finetune, llada_generate=llada_nb.generation,
                llada_eval=llada_nb.evaluate, llada_bench=llada_nb.speed)


class Accepted(Exception): pass
def accept(*args, **kw): raise Accepted
def begin(states, *args): accept(next(states))                           # one call of the model
stubs = [patch('llada_nb.runs.fit', accept), patch('llada_nb.finetune.fit', accept), patch('llada_nb.generation.follow', begin),
         patch('llada_nb.evaluate.judge_checkpoint', accept), patch('llada_nb.speed.bench_updates', accept)]


def call(line):
    "Run a command line; its status (None: accepted) and what it said on stderr."
    name, *args = line if isinstance(line, (list, tuple)) else line.split()
    err, f = io.StringIO(), getattr(commands[name], name)
    script = compile('f()', __file__, 'exec')                           # a console script is a __main__ file that calls it
    with patch.object(sys, 'argv', [name, *args]), patch.object(sys, 'orig_argv', ['python', name, *args]), \
            contextlib.redirect_stderr(err), contextlib.redirect_stdout(io.StringIO()):
        try: exec(script, {'__name__': '__main__', '__file__': __file__, 'f': f})
        except Accepted: return None, err.getvalue()
        except SystemExit as e: return e.code or 0, err.getvalue()
    return 0, err.getvalue()


def refused(line, says=None):
    code, said = call(line)
    lines = [l for l in said.replace('\r', '\n').splitlines() if l.strip()]
    if code == 2 and 'usage:' in said: lines = lines[-1:]               # argparse
    ok = code not in (0, None) and 'Traceback' not in said and (code == 2 or len(lines) == 1) and (says or '') in said
    if not ok: raise SystemExit(f'{line}: status {code}, not refused as it should be ({says}):\n{said}')


def odd_numbers():
    "Every flag that takes a number, with numbers that make no sense: refused, or the work would begin; never a traceback."
    ints, floats = ('0', '-1', str(2**64), '9'*30, '1.5', 'x'), ('nan', 'inf', '-inf', '-1', '1e-320', '1e400', 'x')
    flags = dict(llada_train='steps windows seed | lr dropout', ar_train='steps windows seed accumulate | lr dropout blank', blocks_train='steps windows seed | lr dropout', llada_tune='pairs steps bs block windows seed accumulate | lr dropout',
                 llada_generate='length n steps block seed | temperature threshold guidance',
                 llada_eval='length limit calls repeats seed context |', llada_bench='length block vocab n | temperature threshold')
    base = dict(llada_train='--preset tiny --data toy --out odd', ar_train='--preset tiny --data toy --out odd', blocks_train='--preset tiny --data toy --out odd',
                llada_tune='--kind llada --preset tiny --data pairs.jsonl --out odd',
                llada_generate='--prompt KING --out odd.json', llada_eval='--data toy', llada_bench='--sizes tiny')
    n = accepted = 0
    for name, both in flags.items():
        for names, values in zip(both.split('|'), (ints, floats)):
            for flag, value in itertools.product(names.split(), values):
                code, said = call([name, *base[name].split(), f'--{flag}', value])
                n, accepted = n+1, accepted+(code is None)
                lines = [l for l in said.replace('\r', '\n').splitlines() if l.strip()]
                if 'Traceback' in said or code == 0 or code == 1 and len(lines) != 1:
                    raise SystemExit(f'{name} --{flag} {value}: status {code}\n{said}')
                if code == 1 and flag not in said.replace('cfg_scale', 'guidance'): raise SystemExit(f'{name} --{flag} {value} does not say so: {said}')
    print(f'{n} odd numbers, {accepted} of them accepted')


def main():
    os.chdir(tempfile.mkdtemp())
    os.environ.pop('LLADA_NB_DATA', None)
    model, tok, info = load_any('llada')
    save_model(model, 'mine', tok, corpus='tinyshakespeare', sha256=info['sha256'])
    for f, data in dict(empty=b'', binary=b'GIF\0', latin=b'n\351', short=b'short').items(): Path(f'{f}.txt').write_bytes(data)
    Path('file').touch()
    Path('theirs').mkdir()
    Path('theirs/config.json').write_text('{}')
    Path('far').mkdir()
    Path('pairs.jsonl').write_text(''.join(json.dumps(dict(prompt=f'{i}=', answer=str(i)))+'\n' for i in range(60)))
    Path('bad.jsonl').write_text('{"prompt": "a", "answer": "b"}\n{"prompt": 3}\n')
    doc = json.loads(Path('mine/config.json').read_text())
    save_model(model, 'far', tok, corpus=str(Path('short.txt').resolve()), sha256='0'*64)
    for c in ('llada_train', 'ar_train', 'blocks_train'):
        for line, says in {'--preset huge': 'choose from cpu', '--data toy --device abacus': 'choose from auto',
                           '--data none.txt': "no text file 'none.txt'", '--data empty.txt': '0 characters', '--data binary.txt': 'zero byte',
                           '--data latin.txt': 'not UTF-8', '--data short.txt': "'short.txt' has 5 characters", '--data toy --out file': 'cannot write to',
                           '--data toy --out none --resume': 'no checkpoint folder', '--data toy --steps 0': '--steps is 0', '--steps many': 'invalid int value',
                           '--data toy --out theirs': 'not of a run', '--data toy --init none': 'no checkpoint folder',
                           '--data toy --shard': 'start them with torchrun', '--data toy --shard --compile': 'exclude each other'}.items(): refused(f'{c} {line}', says)
        for flag in ('data', 'out', 'init', 'preset', 'device'): refused([c, f'--{flag}', ''], f'--{flag} is empty')
    for c in ('llada_train', 'ar_train'):
        for line, says in {'bpe': 'as in bpe:4096', 'bpe:9': 'size is 9', 'words': "no tokenizer 'words'", 'short.txt': 'no tokenizer.json'}.items(): refused(f'{c} --data toy --tokenizer {line}', says)
    for line, says in {'x': "--blocks is 'x'", '0': '--blocks is 0', '4,': "--blocks is '4,'"}.items(): refused(f'blocks_train --data toy --blocks {line}', says)
    refused('llada_train --loss mse', 'choose from root')
    for line, says in {'--kind gpt': 'choose from llada', '--kind ar --init llada': 'leave one out', '--data none.jsonl': "no pairs 'none.jsonl'", '--data bad.jsonl': 'line 2',
                       '--data pairs.jsonl --out file': 'cannot write to', '--out none --resume': 'no checkpoint folder'}.items(): refused(f'llada_tune {line}', says)
    refused('llada_generate --prompts pairs.jsonl', 'tuned to answer')
    refused('llada_generate --chat --prompt a', 'official')
    refused('ar_train --data toy --init mine --out x', 'this command trains an autoregressive model')
    for line, says in {'--prompt a☃': "unknown character '☃'", '--length 9999999': 'between 1 and 1000000',
                       '--template KING': "no gap '_'", '--model none': "no checkpoint folder 'none'", '--revisit often': 'choose from cap', '--revisit cap:2': 'η of revisit', '--remasking best': 'choose from random',
                       '--steps 3 --threshold 0.5': 'exclude each other', '--cache all': 'choose from prefix', '--model ar --steps 3': 'only for LLaDA checkpoints',
                       '--device abacus': 'choose from auto', '--temperature nan': '--temperature is nan', '--out nowhere/x.json': "no folder 'nowhere'",
                       '--gap *': '--gap is of no use', '--out theirs': 'is a folder', '--temperature 1e-320': 'temperature is'}.items(): refused(f'llada_generate {line}', says)
    for flag in ('model', 'out', 'gap', 'remasking'): refused(['llada_generate', f'--{flag}', ''], f'--{flag} is empty')
    for line, says in {'none': 'no checkpoint folder', '--data toy --repeats 2': '--repeats is 2', '--data toy --estimator best': 'choose from t',
                       'ar --data toy --length 999': '--length is 999', 'ar --data toy --calls 3': 'only for LLaDA', '--data toy --out theirs': 'is a folder',
                       '--data toy --limit 0': '--limit is 0', 'far': 'give it with --data'}.items(): refused(f'llada_eval {line}', says)
    refused(['llada_eval', ''], 'is empty')
    for line, says in {'--sizes foo': "unknown preset 'foo'", '--length 0': '--length is 0', '--block 0': '--block is 0', '--model ar': 'ar',
                       '--vocab -1': '--vocab is -1', '--length 9999': '--length is 9999'}.items(): refused(f'llada_bench {line}', says)
    refused(['llada_bench', '--sizes', ''], '--sizes is empty')
    odd_numbers()


if __name__ == '__main__':
    with contextlib.ExitStack() as stack:
        for s in stubs: stack.enter_context(s)
        warnings.simplefilter('error', ResourceWarning)
        main()
    print('ok: refused in one line each')
