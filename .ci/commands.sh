#!/usr/bin/env bash
# The installed commands, as a user meets them: `commands.sh BIN`. What is wrong must be one line and a non-zero exit.
set -euo pipefail
export PATH=$1:$PATH
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

for c in llada_train ar_train llada_generate llada_bench llada_eval; do
  $c --help >/dev/null
  $c --version | grep -q '^llada_nb [0-9]'
done

# the models of the package, at once: no training, no download
start=$SECONDS
env -u LLADA_NB_DATA llada_generate --prompt ROMEO: >romeo.txt
echo "$((SECONDS-start))s"; [ $((SECONDS-start)) -le 30 ]; cat romeo.txt
[ "$(head -c 6 romeo.txt)" = ROMEO: ] && [ "$(wc -m <romeo.txt)" = 157 ]
llada_generate --model ar --prompt ROMEO: --length 40

# train, write, go on from a checkpoint, move an earlier run aside
llada_train $tiny
ar_train $tiny
ls runs/llada/{model.safetensors,config.json,history.json,loss.png,result.json,last/state.safetensors} runs/ar/result.json
llada_generate --model runs/llada --prompt KING --length 60 --n 2 --out said.json
llada_generate --prompt KING --length 60 --model runs/ar
llada_generate --model runs/llada --template 'KING:
My ____ heart' --steps 3 --block 2 --remasking low_confidence --guidance 0.5 --temperature 0 --watch
llada_train $tiny --init runs/llada | grep 'moved to'
ls runs/llada.1/model.safetensors

# own text
seq 1 3000 | sed 's/^/the number /' >numbers.txt
llada_train --preset tiny --steps 10 --data numbers.txt --out numbers --loss bound
llada_generate --model numbers --length 30 --prompt 'the '

# Ctrl-C finishes the update and saves; resumed, the run ends like one that was not interrupted
ar_train --preset tiny --data toy --steps 300 --seed 4 --out whole >/dev/null 2>&1
python - <<'P' >log 2>&1 || { cat log; exit 1; }
import signal, subprocess, sys, time
p = subprocess.Popen('ar_train --preset tiny --data toy --steps 300 --seed 4 --out broken'.split(), stderr=subprocess.PIPE)
seen = b''
while b'loss' not in seen: seen += p.stderr.read(1)          # the bar shows a loss: training has begun
time.sleep(.5)
p.send_signal(signal.SIGINT)
seen += p.stderr.read()
last = seen.decode().replace('\r', '\n').strip().split('\n')[-1]
print(last, p.wait())
assert p.returncode==130 and 'interrupted after update' in last and '--resume' in last, (p.returncode, last)
P
cat log
ar_train --out broken --resume >/dev/null 2>&1
python - <<'P'
import json
a, b = (json.load(open(f'{f}/result.json')) for f in ('whole', 'broken'))
assert a['nats']==b['nats'] and [r['val'] for r in a['history']]==[r['val'] for r in b['history']], (a['nats'], b['nats'])
print('ok: resumed to the same', a['nats'])
P

# two processes: one run folder, the result of one process; Ctrl-C stops both, and one process goes on from there
two="torchrun --nproc-per-node 2 --no-python"
$two llada_train $tiny --out two >two.log 2>&1 || { cat two.log; exit 1; }
[ "$(grep -c 'validation windows' two.log)" = 1 ] || { echo 'not one summary'; cat two.log; exit 1; }
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

# fewer and cheaper calls
llada_generate --model runs/llada --prompt KING --length 60 --threshold 0.5 --block 16 --cache dual
llada_bench --model runs/llada --judge runs/ar --length 32 --block 16 --n 1 --sizes tiny --vocab 500 --out speed.json | grep 'vocabulary 500'

# judged: both kinds of checkpoint, those of the package and one's own
llada_eval --data toy --limit 8 --repeats 4 --out judged.json | grep 'bits per character'
llada_eval runs/ar --data toy --limit 8 | grep 'exact -log p'
python -c 'import json; r = json.load(open("judged.json")); assert r["command"].startswith("llada_eval llada --data toy") and r["se"]>0 and r["calls"]==32, r'

# what a user can get wrong
: >empty.txt; printf 'GIF\0' >binary.txt; printf 'n\351' >latin.txt; echo short >short.txt; touch file; mkdir nodata
cp -r runs/llada cut; head -c 1000 runs/llada/model.safetensors >cut/model.safetensors
cp -r runs/llada other; sed -i.bak 's/"format": 1/"format": 2/' other/config.json
fails 1 "unknown character '☃'" llada_generate --prompt 'a☃'
fails 1 'the prompt has 300 characters' llada_generate --prompt "$(printf 'a%.0s' $(seq 300))"
fails 1 'between 1 and 256' llada_generate --length 999
fails 1 "no gap '_'" llada_generate --template KING
fails 1 "no checkpoint folder 'none'" llada_generate --model none
fails 1 'truncated or damaged' llada_generate --model cut
fails 1 'checkpoint format 2' llada_generate --model other
fails 1 'choose from random, low_confidence' llada_generate --remasking best
fails 1 'steps is 0' llada_generate --steps 0
fails 1 'exclude each other' llada_generate --steps 3 --threshold 0.5
fails 1 'choose from prefix, dual' llada_generate --cache all
fails 1 'only for LLaDA checkpoints' llada_generate --model runs/ar --steps 3
fails 1 'choose from auto' llada_generate --device abacus
fails 2 "invalid int value: 'many'" llada_train --steps many
for c in llada_train ar_train; do
  fails 1 'choose from cpu, cpu-long, gpu, tiny' $c --preset huge
  fails 1 'choose from auto' $c --data toy --device abacus
  fails 1 "no text file 'none.txt'" $c --data none.txt
  fails 1 '0 characters' $c --data empty.txt
  fails 1 'zero byte' $c --data binary.txt
  fails 1 'not UTF-8' $c --data latin.txt
  fails 1 "'short.txt' has 6 characters" $c --data short.txt
  fails 1 "cannot write to 'file'" $c --data toy --out file
  fails 1 'no checkpoint folder' $c --data toy --out none --resume
  fails 1 'steps is 0' $c --data toy --steps 0
done
mkdir mine; echo '{}' >mine/config.json
fails 1 'not of a run' llada_train --data toy --out mine
fails 1 '--out is empty' llada_train --data toy --out ''
fails 1 "no folder 'nowhere'" llada_generate --out nowhere/x.json
fails 1 'is a folder' llada_eval --data toy --out runs
fails 1 'temperature is nan' llada_generate --temperature nan
fails 1 'only for LLaDA checkpoints' llada_eval ar --data toy --calls 3
fails 1 "unknown preset 'foo'" llada_bench --sizes foo
(cd runs; llada_generate --length 8 2>err; grep 'say ./llada' err)
llada_eval numbers --limit 4 --repeats 4 | grep 'corpus.*numbers.txt'
fails 1 'no checkpoint folder' llada_eval none
fails 1 'at least 4 repetitions' llada_eval --data toy --repeats 2
fails 1 'choose from t, l, systematic, root' llada_eval --data toy --estimator best
fails 1 'length is 999' llada_eval ar --data toy --length 999
fails 1 'choose from root, masked, bound' llada_train --loss mse
fails 1 'this command trains an autoregressive model' ar_train --data toy --init runs/llada --out x
fails 1 '--steps differs' llada_train --resume --steps 99
LLADA_NB_DATA=$PWD/nodata fails 1 'LLADA_NB_DATA is set' llada_train
cat >old.py <<'P'
import sys, torch
torch.__version__ = '2.0.1'
from llada_nb.llada_train import llada_train
sys.argv = ['llada_train']
sys.exit(llada_train())
P
fails 1 'torch 2.0.1 is too old' python old.py
