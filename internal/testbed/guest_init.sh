#!/bin/busybox sh
# The first and only program of a testbed guest. It tells on the serial console which disks it sees and what is on them,
# and runs what the testbed sends: a line "@ID BASE64-OF-A-SCRIPT" is answered by "@ID EXIT-STATUS BASE64-OF-THE-OUTPUT".
# A line that comes once more is answered once more, and not run again.

/bin/busybox mkdir -p /proc /sys /dev /run
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
dmesg -n 1 # the kernel's own lines would get into the middle of ours

if ! grep -q testbed.nodrivers /proc/cmdline; then
	for module in /modules/*.ko; do
		[ -e "$module" ] && insmod "$module"
	done
fi

# disks prints one line per disk: name, size in bytes, serial (or -), first bytes in base64 (or - when they can't be read).
cat >/bin/disks <<'END'
#!/bin/sh
for folder in /sys/block/vd* /sys/block/sd*; do
	[ -r "$folder/size" ] || continue
	name=${folder##*/}
	size=$(($(cat "$folder/size") * 512))
	serial=$(cat "$folder/serial" 2>/dev/null)
	head=$(dd if="/dev/$name" bs=4096 count=1 iflag=direct 2>/dev/null | head -c 64 | base64 -w 0)
	echo "$name $size ${serial:--} ${head:--}"
done
END

# counter DEVICE writes a growing number to the device for ever, waits until it is on the disk, and reads it back, at most ten times a second:
# all the time it would take a core of the machine that emulates it.
cat >/bin/counter <<'END'
#!/bin/sh
rounds=0 errors=0
while :; do
	rounds=$((rounds + 1))
	text=$(printf '%0512d' $rounds)
	if printf %s "$text" | dd of="/dev/$1" bs=512 count=1 seek=2048 conv=notrunc,fsync 2>/run/dd &&
		[ "$(dd if="/dev/$1" bs=512 count=1 skip=2048 iflag=direct 2>/run/dd)" = "$text" ]; then
		:
	else
		errors=$((errors + 1))
		tr '\n' ' ' </run/dd >/run/counter.error
	fi
	echo "$rounds $errors" >/run/counter.new
	mv /run/counter.new /run/counter
	sleep 0.1
done
END
chmod +x /bin/disks /bin/counter

stty -F /dev/ttyS0 raw -echo
exec </dev/ttyS0 >/dev/ttyS0 2>/dev/null

# For people who read the console: a line for each disk that comes, changes its size, or goes.
(
	exec </dev/null
	seen=
	while :; do
		# Without a process of its own for each file: an emulated guest would need a tenth of a core for them. The number tells a disk from
		# another one of the same name and size that has taken its place.
		now=
		for folder in /sys/block/vd* /sys/block/sd*; do
			size= number= serial=
			read -r size <"$folder/size" || continue
			read -r number <"$folder/diskseq"
			read -r serial <"$folder/serial"
			now="$now ${folder##*/} $size $number $serial"
		done
		if [ "$now" != "$seen" ]; then
			disks | while read -r name size serial head; do
				text=$(echo "$head" | base64 -d | tr -cd ' -~')
				printf 'guest: disk %s, %s bytes, serial %s, starts with "%s"\r\n' "$name" "$size" "$serial" "$text"
			done
			[ -n "$now" ] || printf 'guest: no disk\r\n'
			seen=$now
		fi
		sleep 1
	done
) &

printf 'guest: ready\r\n'
answered= answer=
while read -r id script; do
	case $id in
	@*)
		if [ "$id" != "$answered" ]; then
			output=$(sh -c "$(echo "$script" | base64 -d)" 2>&1 </dev/null)
			answer="$? $(printf %s "$output" | base64 -w 0)"
			answered=$id
		fi
		printf '%s %s\r\n' "$id" "$answer"
		;;
	esac
done
