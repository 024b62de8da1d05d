# The procedure of examples/seed by hand: pool, image, user, secret and disk, for each of two clusters. The first argument is make or remove.

export LC_ALL=C
virsh() { command virsh -q -c "$URI" "$@"; }

each() { # CONFIG HOSTS POOL IMAGE USER UUID TARGET
	local config=$1 hosts=$2 pool=$3 image=$4 user=$5 uuid=$6 target=$7
	if [ "$step" = remove ]; then
		virsh detach-disk running-0 "$target" --live --config
		while virsh domblklist running-0 | grep -q "$pool/$image"; do :; done
		virsh secret-undefine "$uuid"
		ceph --conf "$config" osd pool delete "$pool" "$pool" --yes-i-really-really-mean-it
		ceph --conf "$config" auth rm "client.$user"
		return
	fi
	ceph --conf "$config" osd pool create "$pool" 8
	ceph --conf "$config" osd pool application enable "$pool" rbd
	rbd --conf "$config" pool init "$pool"
	rbd --conf "$config" create "$image" --size 30720 --pool "$pool" --image-format 2
	ceph --conf "$config" auth get-or-create "client.$user" mon 'profile rbd' osd "profile rbd pool=$pool" mgr "profile rbd pool=$pool"
	cat >secret.xml <<-XML
		<secret ephemeral='no' private='no'><uuid>$uuid</uuid><usage type='ceph'><name>client.$user on $config</name></usage></secret>
	XML
	virsh secret-define --file secret.xml
	ceph --conf "$config" auth get-key "client.$user" >key
	virsh secret-set-value --secret "$uuid" --file key
	cat >disk.xml <<-XML
		<disk type='network' device='disk'><driver name='qemu' type='raw' cache='none'/>
		<auth username='$user'><secret type='ceph' uuid='$uuid'/></auth>
		<source protocol='rbd' name='$pool/$image'>$hosts</source><target dev='$target' bus='virtio'/></disk>
	XML
	virsh attach-device running-0 disk.xml --live --config
}

step=$1
each "$EAST" "$EAST_HOSTS" rbd-by-hand librbda by-hand 77085c23-2177-4420-a661-c785df7f6231 vdl
each "$WEST" "$WEST_HOSTS" libvirt-pool librbd libvirt 88085c23-2177-4420-a661-c785df7f6231 vdm
