#!/bin/sh
# Runs inside the base image, without network: puts the wheels in /opt/room and everything else in its place.
set -eu
# Debian's own Python has no pip, but the wheel of pip can install the others, itself uninstalled.
pip=$(ls /wheels/pip-*.whl)
# shellcheck disable=SC2046 # names of wheels have no spaces
TMPDIR=/opt python3 "$pip/pip" install --no-index --no-deps --no-compile --no-cache-dir --root-user-action=ignore \
  --target /opt/room $(find /wheels -name '*.whl' ! -name 'pip-*')

# What students do not run is a quarter of it all: C++ headers, test programs (torch looks for its shared-memory helper
# at import), the packages' own tests, the type stubs of other people's libraries.
cd /opt/room
rm -rf bin share torch/include torch/test jedi/third_party/typeshed matplotlib/mpl-data/sample_data
find torch/bin -mindepth 1 ! -name torch_shm_manager -delete
find numpy pandas scipy sklearn matplotlib mpl_toolkits sympy networkx -type d -name tests -prune -exec rm -r {} +

# matplotlib uses a font cache only if it may write to it, and in the room it never may.
grep -q 'os.access(str(configdir), os.W_OK)' matplotlib/__init__.py
sed -i 's/os.access(str(configdir), os.W_OK)/os.access(str(configdir), os.R_OK)/' matplotlib/__init__.py

# The room's files are read-only: what is not compiled now would be compiled again in every container. One file of
# torch is for newer Pythons and does not compile; whether the others work is seen below.
python3 -m compileall -q -j0 --invalidation-mode unchecked-hash . >/dev/null || true
python3 -m compileall -q -x '/(test|tests|idlelib|lib2to3|turtledemo|dist-packages|site-packages)/' \
  "$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"

# The imports prove that the trimming took nothing that is needed; the last one leaves the font cache.
export PYTHONPATH=/opt/room PYTHONDONTWRITEBYTECODE=1 MPLCONFIGDIR=/opt/matplotlib
python3 -c 'import torch._dynamo, numpy.testing, pandas.testing, scipy.stats, sklearn.ensemble, IPython, tqdm'
python3 -c 'import matplotlib.pyplot'
chmod -R a+rX /opt/matplotlib

find / -xdev -type f -perm /6000 -exec chmod a-s {} +
mkdir -p /data /opt/neurograde
mkdir -m 1777 /work
rm -rf /wheels /tmp
ln -s /work /tmp
