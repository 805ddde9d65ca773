#!/usr/bin/env bash
# The installed commands, as a user meets them: `commands.sh BIN`. What is wrong must be one line and a non-zero exit;
# refusals.py tries many more of such things in one process.
set -euo pipefail
export PATH=$1:$PATH
here=$(cd "$(dirname "$0")" && pwd)
cd "$(mktemp -d)"
tiny="--preset tiny --data toy --steps 60"

fails() { # fails STATUS TEXT COMMAND…: that exit status, and one line on stderr that says TEXT
  local want=$1 says=$2 rc=0; shift 2
  "$@" >out 2>err </dev/null || rc=$?
  [ "$rc" = "$want" ] || { echo "exit $rc, not $want: $*"; cat err; exit 1; }
  [ "$(tail -n1 err | tr '\r' '\n' | tail -n1 | grep -cF -- "$says")" = 1 ] || { echo "does not say '$says': $*"; cat err; exit 1; }
  if [ "$want" = 1 ] && [ "$(wc -l <err)" != 1 ]; then echo "not one line: $*"; cat err; exit 1; fi
  if grep -q Traceback err; then echo "a traceback: $*"; exit 1; fi
  echo "ok: $*: $(tail -n1 err | tr '\r' '\n' | tail -n1)"
}

for c in llada_train ar_train blocks_train llada_tune llada_generate llada_bench llada_eval; do
  PYTHONIOENCODING=cp1252 $c --help >/dev/null
  $c --version | grep -q '^llada_nb [0-9]'
done

# the models of the package, at once: no training, no download
start=$SECONDS
env -u LLADA_NB_DATA llada_generate --prompt ROMEO: >romeo.txt
echo "$((SECONDS-start))s"; [ $((SECONDS-start)) -le 30 ]; cat romeo.txt
[ "$(head -c 6 romeo.txt)" = ROMEO: ] && [ "$(wc -m <romeo.txt)" = 157 ]
llada_generate --model ar --prompt ROMEO: --length 40

# train (in a terminal that cannot show ±), write, go on from a checkpoint, move an earlier run aside
PYTHONIOENCODING=cp1252 llada_train $tiny
ar_train $tiny
ls runs/llada/{model.safetensors,config.json,history.json,loss.png,result.json,last/state.safetensors} runs/ar/result.json
llada_generate --model runs/llada --prompt KING --length 60 --n 2 --out said.json
llada_generate --prompt KING --length 60 --model runs/ar --out /dev/stdout | grep '"texts"'
llada_generate --model runs/llada --template 'KING:
My ____ heart' --steps 3 --block 2 --remasking low_confidence --guidance 0.5 --temperature 0 --watch
llada_train $tiny --init runs/llada | grep 'moved to'
ls runs/llada.1/model.safetensors
rc=0; llada_generate --prompt KING --length 8 --out kept.json >/dev/full 2>err || rc=$?   # a full stdout loses nothing
[ "$rc" != 0 ] && python -c 'import json; json.load(open("kept.json"))["texts"]'

# own text, in another folder, with a name that is no mathematics; resumed and judged from elsewhere
mkdir -p books; seq 1 3000 | sed 's/^/the number /' >'books/$n_{.txt'
llada_train --preset tiny --steps 10 --data 'books/$n_{.txt' --out numbers --loss llada
llada_generate --model numbers --length 30 --prompt 'the '
(cd books; llada_train --out ../numbers --resume; llada_eval ../numbers --limit 4 --repeats 4 | grep 'corpus.*n_{.txt')

# other tokens, judged per byte; blocks, and a text longer than the window of 64
llada_train $tiny --tokenizer bytes --out bytes | grep 'nats per byte'
llada_generate --model bytes --prompt 'näh' --length 40 >/dev/null
ar_train --preset tiny --steps 10 --data 'books/$n_{.txt' --tokenizer bpe:300 --out subwords | grep 'nats per token'
llada_generate --model subwords --prompt 'the number' --length 20
blocks_train $tiny --blocks 4,L | grep 'block'
[ "$(llada_generate --model runs/blocks --prompt KING --length 200 --block 4 | wc -m)" = 201 ]
llada_eval runs/blocks --data toy --limit 4 --repeats 4 | grep 'bound'
for m in blocks llada ar; do
  [ "$(llada_generate --model runs/$m --prompt KING --length 200 2>err | wc -m)" = 201 ] && grep -q 'more than the 64' err
done
llada_eval runs/llada --data toy --limit 4 --repeats 4 --length 32 --context 32 | grep '32 given before each'

# a signal finishes the update and saves; a kill loses what was not saved; resumed, both end like a run that was left alone
ar_train --preset tiny --data toy --steps 300 --seed 4 --out whole >/dev/null 2>&1
cat >stop.py <<'P'
import os, signal, subprocess, sys, time
name, status, out = sys.argv[1:]
p = subprocess.Popen(f'ar_train --preset tiny --data toy --steps 300 --seed 4 --out {out}'.split(), stderr=subprocess.PIPE)
seen = b''
while b'loss' not in seen: seen += p.stderr.read(1)          # the bar shows a loss: training has begun
if name=='SIGKILL':
    while not os.path.exists(f'{out}/history.json'): time.sleep(.01)
else: time.sleep(.3)
p.send_signal(getattr(signal, name))
seen += p.stderr.read()
last = seen.decode().replace('\r', '\n').strip().split('\n')[-1]
print(name, last, p.wait())
assert p.returncode==int(status), (p.returncode, last)
if name!='SIGKILL': assert 'interrupted after update' in last and '--resume' in last, last
P
for s in 'SIGINT 130' 'SIGTERM 143' 'SIGHUP 129' 'SIGKILL -9'; do
  set -- $s
  python stop.py "$1" "$2" "by$1" >log 2>&1 || { cat log; exit 1; }
  tail -n1 log
  ar_train --out "by$1" --resume >/dev/null 2>&1
done
python - <<'P'
import json
a, *others = (json.load(open(f'{f}/result.json')) for f in ('whole', 'bySIGINT', 'bySIGTERM', 'bySIGHUP', 'bySIGKILL'))
for b in others: assert a['nats']==b['nats'] and [r['val'] for r in a['history']]==[r['val'] for r in b['history']], (a['nats'], b['nats'])
print('ok: resumed to the same', a['nats'])
P

# two runs with one folder: the second is refused, the first goes on
python - <<'P' >log 2>&1 || { cat log; exit 1; }
import json, subprocess
first = subprocess.Popen('ar_train --preset tiny --data toy --steps 200 --out shared'.split(), stderr=subprocess.PIPE)
seen = b''
while b'loss' not in seen: seen += first.stderr.read(1)
second = subprocess.run('ar_train --preset tiny --data toy --steps 5 --out shared'.split(), capture_output=True, text=True)
assert second.returncode==1 and second.stderr.count('\n')==1 and 'another run is at work' in second.stderr, second.stderr
first.communicate()
assert first.returncode==0 and json.load(open('shared/result.json'))['updates']==200
print(second.stderr)
P
cat log

# two processes: one run folder, the result of one process; Ctrl-C stops both, and one process goes on from there
two="torchrun --nproc-per-node 2 --no-python"
$two llada_train $tiny --out two >two.log 2>&1 || { cat two.log; exit 1; }
[ "$(grep -c 'validation windows of' two.log)" = 1 ] || { echo 'not one summary'; cat two.log; exit 1; }
python - <<'P' >log 2>&1 || { cat log; exit 1; }
import json, signal, subprocess
a, b = (json.load(open(f'{f}/result.json')) for f in ('runs/llada.1', 'two'))
assert abs(a['nats']-b['nats'])<.02, (a['nats'], b['nats'])
print('ok: two processes', b['nats'], 'one', a['nats'])
p = subprocess.Popen('torchrun --nproc-per-node 2 --no-python ar_train --preset tiny --data toy --steps 300 --seed 4 --out half'.split(), stderr=subprocess.PIPE)
seen = b''
while b'loss' not in seen: seen += p.stderr.read(1)
p.send_signal(signal.SIGINT)
seen += p.stderr.read()
assert p.wait() and b'interrupted after update' in seen, seen.decode()
P
cat log
ar_train --out half --resume >/dev/null 2>&1
python - <<'P'
import json
a, b = (json.load(open(f'{f}/result.json')) for f in ('whole', 'half'))
assert abs(a['nats']-b['nats'])<.02, (a['nats'], b['nats'])
print('ok: begun by two processes, ended by one', b['nats'], a['nats'])
P

# a model divided over two processes: the same run folder, the result of one; stopped by Ctrl-C, it is finished by four, and by one without the flag
python - <<'P' >log 2>&1 || { cat log; exit 1; }
import json, shutil, signal, subprocess
def torchrun(n, line, stop=False):
    p = subprocess.Popen(f'torchrun --nproc-per-node {n} --no-python {line}'.split(), stderr=subprocess.PIPE)
    seen = b''
    while stop and b'loss' not in seen: seen += p.stderr.read(1)
    if stop: p.send_signal(signal.SIGINT)
    seen += p.stderr.read()
    assert bool(p.wait())==stop and (not stop or b'interrupted after update' in seen), seen.decode()
new = 'llada_train --preset tiny --data toy --steps 60 --windows 8 --out'
subprocess.run(f'{new} undivided'.split(), check=True)
torchrun(2, f'{new} parts --shard')
torchrun(2, f'{new} broken --shard', stop=True)
shutil.copytree('broken', 'broken4')
torchrun(4, 'llada_train --resume --shard --out broken4')
subprocess.run('llada_train --resume --out broken'.split(), check=True)
subprocess.run('llada_generate --model parts --prompt KING --length 40'.split(), check=True)
a, *others = (json.load(open(f'{f}/result.json'))['nats'] for f in ('undivided', 'parts', 'broken', 'broken4'))
assert max(abs(a-b) for b in others)<.02, (a, others)
print('ok: divided', others, 'one', a)
P
tail -n1 log
fails 1 'start them with torchrun' llada_train $tiny --shard

# fewer and cheaper calls
llada_generate --model runs/llada --prompt KING --length 60 --threshold 0.5 --block 16 --cache dual
llada_generate --model runs/llada --prompt KING --length 60 --steps 80 --revisit rescale:0.1 --out twice.json; [ "$(python -c 'import json; print(len(json.load(open("twice.json"))["states"]))')" = 81 ]
llada_bench --model runs/llada --judge runs/ar --length 32 --block 16 --n 1 --sizes tiny --vocab 500 --out speed.json | grep 'vocabulary 500'

# prompts and answers: taught, written from a file, gone on with where it stopped
seq 1 60 | sed 's/.*/{"prompt": "&=", "answer": "&"}/' >pairs.jsonl
llada_tune --data pairs.jsonl --kind llada --preset tiny --steps 60 --out tuned | grep 'held-out answers'
llada_generate --model tuned --prompt 7= >/dev/null
llada_generate --model tuned --prompts pairs.jsonl --out said.jsonl; [ "$(wc -l <said.jsonl)" = 60 ]
head -n 9 said.jsonl >cut.jsonl; llada_generate --model tuned --prompts pairs.jsonl --out cut.jsonl; cmp said.jsonl cut.jsonl

# judged: both kinds of checkpoint, those of the package and one's own
llada_eval --data toy --limit 8 --repeats 4 --out judged.json | grep 'bits per character'
llada_eval runs/ar --data toy --limit 8 | grep 'exact -log p'
python -c 'import json; r = json.load(open("judged.json")); assert r["command"].startswith("llada_eval llada --data toy") and r["se"]>0 and r["calls"]==32, r'

# what a user can get wrong, through the shell
cp -r runs/llada cut; head -c 1000 runs/llada/model.safetensors >cut/model.safetensors
cp -r runs/llada other; sed -i.bak 's/"format": 2/"format": 9/' other/config.json
mkdir nodata
fails 1 "unknown character '☃'" llada_generate --prompt 'a☃'
fails 1 'truncated or damaged' llada_generate --model cut
fails 1 'checkpoint format 9' llada_generate --model other
fails 2 "invalid int value: 'many'" llada_train --steps many
fails 1 '--out is empty' llada_train --data toy --out ''
fails 1 '--steps differs' llada_train --resume --steps 99
(cd runs; llada_generate --length 8 2>err; grep 'say ./llada' err)
LLADA_NB_DATA=$PWD/nodata fails 1 'LLADA_NB_DATA is set' llada_train
cat >old.py <<'P'
import sys, torch
torch.__version__ = '2.0.1'
from llada_nb.llada_train import llada_train
sys.argv = ['llada_train']
sys.exit(llada_train())
P
fails 1 'torch 2.0.1 is too old' python old.py
python "$here/refusals.py"
