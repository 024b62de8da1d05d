//go:build cgo

package faults_test

import (
	"slices"
	"testing"
)

// fault is something that goes wrong beside the provider.
type fault struct {
	name string
	// begin makes it so, and registers with run.ends what ends it.
	begin func(r *run)
	// rows are the operations that it meets. The first runs in make test, all of them in make test-faults.
	rows []row
}

// row is one line of the table: an operation that a fault meets, and what has to come of it.
type row struct {
	operation operation
	// midst is where in the operation the fault begins, or with a gate, where it goes on; empty for a fault that is there before.
	midst call
	// at is the call to the hypervisor in whose midst the fault begins; for faults that begin by run.meets.
	at libvirtCall
	// gate lets the fault begin when the pool and the user are as the configuration has them, before anything is done to the image.
	gate bool
	// limit is connect_timeout and operation_timeout of each entry while the fault is there; shortLimit where empty.
	limit string
	// timeout is the time limit of each operation on the image and the disk, where a short operation_timeout does not limit it.
	timeout string
	// says are words that the operation's errors have to say. Without any the operation has to come to its end in spite of the fault.
	says []string
	// saysOne are words of which they have to say one, or more.
	saysOne []string
	// warns are words that its warnings have to say.
	warns []string
	// leaves are the objects that a create has made though the state has none of them, by their kinds (see run.objects); "any" where
	// that is a matter of time. The next apply has to take them up.
	leaves []string
	// instead does what Terraform does, where that is more than one command.
	instead func(r *run)
	// while looks at what only the time of the fault shows, after the operation.
	while func(r *run)
}

// operation is what Terraform does.
type operation struct {
	name string
	args []string
	// exists tells that the resources are there before.
	exists bool
	// changed tells that the configuration is then another one in each resource.
	changed bool
}

// The operations. An attach is the create of the disk, where all else is there. An attach, a change and a destroy don't refresh
// before, so that it is they that meet the fault.
var (
	creates   = operation{name: "create", args: []string{"apply", "-auto-approve"}}
	attaches  = operation{name: "attach", args: []string{"apply", "-auto-approve", "-refresh=false"}, exists: true}
	changes   = operation{name: "change", args: []string{"apply", "-auto-approve", "-refresh=false"}, exists: true, changed: true}
	refreshes = operation{name: "refresh", args: []string{"plan"}, exists: true}
	destroys  = operation{name: "destroy", args: []string{"destroy", "-auto-approve", "-refresh=false"}, exists: true}
)

// call is a call of Terraform to the provider, such as Create of ceph_pool.
type call struct{ method, resource string }

// all are the faults of the suite.
func all() []fault { return slices.Concat(cephFaults(), libvirtFaults(), terraformFaults()) }

// Every fault is met by its first operation, and with -faults=FILE all faults by all of them (make test-faults).
func TestAccFaults(t *testing.T) {
	kept := openTable(t)
	for _, f := range all() {
		for i, row := range f.rows {
			if i > 0 && !kept.full() || kept.has(f.name, row.label()) {
				continue
			}
			t.Run(f.name+"/"+row.label(), func(meets *testing.T) {
				r := newRun(t, meets, f, row)
				defer func() { kept.add(meets, r.result) }()
				r.meet()
			})
		}
	}
	kept.write(t)
}

// late tells whether the fault begins in the midst of the operation.
func (row row) late() bool { return row.gate || row.midst != (call{}) }

// label names the operation, and where in it the fault begins.
func (row row) label() string {
	switch {
	case row.at.answered:
		return row.operation.name + ", after " + row.at.name
	case row.at.name != "":
		return row.operation.name + ", before " + row.at.name
	case row.gate:
		return row.operation.name + ", before the image"
	case row.midst == (call{}):
		return row.operation.name
	}
	return row.operation.name + ", at " + row.midst.method + " of " + row.midst.resource
}
