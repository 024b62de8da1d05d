//go:build cgo

package faults_test

// libvirtFaults are those of hypervisors and guests.
func libvirtFaults() []fault {
	return []fault{
		{
			name: "libvirtd is frozen",
			begin: func(r *run) {
				r.ends(r.kvm1.Resume)
				r.must(r.kvm1.Pause())
			},
			rows: []row{
				{operation: refreshes, says: []string{"Unable to read libvirt secret", `hypervisor "kvm1"`, "There was no answer in time."}},
			},
		},
	}
}
