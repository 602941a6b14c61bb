#!/bin/bash
# boot.sh ROOT: boots the systemd in ROOT in namespaces of its own, without a network, and stays until
# it has ended. It has a control group beside ours, without controllers: MemoryMax= is not tried.
set -euo pipefail
root=$1
group=$(findmnt --types cgroup2 --noheadings --output TARGET | head -n 1)/bounced-test-$$
mkdir "$group"
echo $$ >"$group/cgroup.procs"
exec unshare --cgroup --mount --pid --ipc --uts --net --fork bash -euc '
cd "$1"
mount --make-rprivate /
mount --bind . .
cd "$1"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
for folder in run dev tmp; do mount -t tmpfs -o mode=755 tmpfs $folder; done
chmod 1777 tmp
for device in null zero full random urandom tty; do
  touch dev/$device
  mount --bind /dev/$device dev/$device
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
mount -t tmpfs tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mkdir -p mnt/old
pivot_root . mnt/old
umount -l mnt/old
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=other /lib/systemd/systemd
' boot "$root"
