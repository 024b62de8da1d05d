//go:build cgo

package faults_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

// cephFaults are those of clusters. Their order lets the first operation of most find the resources as it needs them.
func cephFaults() []fault {
	noAnswer := []string{"Unable to connect to cluster \"east\" as client.admin.", "No monitor answered at", "within 3s"}
	return []fault{
		{
			name: "the cluster is frozen",
			begin: func(r *run) {
				r.resumes(r.east)
				r.must(r.east.Pause())
			},
			rows: everyOperation(row{says: noAnswer}),
		},
		{
			name: "the monitors are dead",
			begin: func(r *run) {
				r.stops((*testbed.Daemon).Kill, r.east.Monitor(0), r.east.Monitor(1), r.east.Monitor(2))
			},
			rows: everyOperation(row{says: noAnswer}),
		},
		{
			name:  "nothing listens at the monitor's port",
			begin: func(r *run) { r.connects("127.0.0.1:9", "admin", r.east.AdminKey, "") },
			rows:  everyOperation(row{says: []string{"No monitor answered at 127.0.0.1:9 within 3s.", "ports 3300 and 6789"}}),
		},
		{
			name:  "the monitor's name does not resolve",
			begin: func(r *run) { r.connects("mon.invalid", "admin", r.east.AdminKey, "") },
			rows: everyOperation(row{limit: longLimit, says: []string{
				"The monitor's name mon.invalid does not resolve on this machine.",
			}}),
		},
		{
			name:  "the key is another cluster's",
			begin: func(r *run) { r.connects(r.east.MonHost, "admin", r.west.AdminKey, "") },
			rows: everyOperation(row{limit: longLimit, says: []string{
				"The monitors refuse this user with this key", "ceph auth get client.admin",
			}}),
		},
		{
			name:  "the fsid is another cluster's",
			begin: func(r *run) { r.connects(r.east.MonHost, "admin", r.east.AdminKey, r.west.FSID) },
			rows: everyOperation(row{limit: longLimit, says: []string{
				`Cluster "east" is not the cluster that its fsid names.`, "pins fsid", "Nothing was read or changed.",
			}}),
		},
		{
			name: "the user's caps are too narrow",
			begin: func(r *run) {
				r.cephCommand("auth", "get-or-create", "client.narrow", "mon", "allow r")
				r.ends(func() error { return r.ceph("auth", "rm", "client.narrow") })
				r.connects(r.east.MonHost, "narrow", r.cephCommand("auth", "print-key", "client.narrow"), "")
			},
			rows: everyOperation(row{limit: longLimit, says: []string{
				"The caps of client.narrow, the user that the provider connects with, don't allow this.",
			}}),
		},
		{
			name:  "the OSDs are down",
			begin: func(r *run) { r.stops((*testbed.Daemon).Stop, r.east.OSD(0)) },
			rows:  unservedRows(),
		},
		{
			name: "the pool has no active placement group",
			begin: func(r *run) {
				r.ruleWithoutOSDs()
				r.cephCommand("osd", "pool", "set", r.name, "crush_rule", "nowhere")
				r.ends(func() error { return r.ceph("osd", "pool", "set", r.name, "crush_rule", "replicated_rule") })
			},
			rows: []row{
				{operation: refreshes, limit: "10s", says: []string{
					"Unable to read RBD image", `Pool "shut-off" can't be read or written`, "is on 0 OSDs",
				}},
				{operation: creates, gate: true, limit: "10s", says: []string{
					"Unable to create RBD image", `Pool "shut-off" can't be read or written`,
				}},
				{operation: changes, gate: true, limit: "10s", timeout: "20s", says: []string{
					"Unable to update RBD image", `Pool "shut-off" can't be read or written`,
				}},
				{operation: destroys, limit: "10s", timeout: "20s", says: []string{
					"Unable to delete RBD image", `Pool "shut-off" can't be read or written`,
				}},
			},
		},
		{
			name: "the cluster freezes between connect and command",
			begin: func(r *run) {
				r.resumes(r.east)
				r.must(r.east.Pause())
			},
			rows: []row{
				{operation: changes, gate: true, limit: "10s", says: []string{
					"Unable to update RBD image", `Cluster "east" did not answer within its`,
				}},
				{operation: creates, gate: true, limit: "10s", says: []string{
					"Unable to create RBD image", `Cluster "east" did not answer within its`,
				}},
			},
		},
		{
			name: "the cluster is stopped between connect and command",
			begin: func(r *run) {
				r.ends(func() error { return r.east.StartDaemons(context.Background()) })
				r.must(r.east.StopDaemons())
			},
			rows: []row{
				{operation: changes, gate: true, limit: "10s", says: []string{
					"Unable to update RBD image", `Cluster "east" did not answer within its`,
				}},
				{operation: creates, gate: true, limit: "10s", says: []string{
					"Unable to create RBD image", `Cluster "east" did not answer within its`,
				}},
			},
		},
		{
			name:  "one of three monitors dies",
			begin: func(r *run) { r.stops((*testbed.Daemon).Kill, r.east.Monitor(0)) },
			rows: []row{
				{operation: changes, gate: true, limit: longLimit},
				{operation: creates, gate: true, limit: longLimit},
				{operation: refreshes, limit: longLimit},
				{operation: destroys, limit: longLimit},
			},
		},
		{
			name: "the cluster is full",
			begin: func(r *run) {
				r.ends(func() error { return r.flag("full", false, "tell", "osd.0", "injectfull", "none") })
				r.must(r.flag("full", true, "tell", "osd.0", "injectfull", "full"))
			},
			rows: []row{
				{operation: changes, limit: "10s", says: []string{"Unable to update RBD image", "The cluster is full.", "has the flag full"}},
				{operation: creates, gate: true, limit: "10s", says: []string{
					"Unable to create RBD image", "The cluster is full.", "has the flag full",
				}},
				{operation: destroys, limit: "10s", says: []string{"Unable to delete RBD image", "is full"}},
				{operation: refreshes, limit: longLimit},
			},
		},
		{
			name: "the pool's quota is used up",
			begin: func(r *run) {
				r.ends(func() error { return r.flag("full_quota", false, "osd", "pool", "set-quota", r.name, "max_bytes", "0") })
				r.must(r.flag("full_quota", true, "osd", "pool", "set-quota", r.name, "max_bytes", "1"))
			},
			rows: []row{
				{operation: changes, limit: "10s", says: []string{"Unable to update RBD image", "The pool's quota is used up."}},
				{operation: creates, gate: true, limit: "10s", says: []string{"Unable to create RBD image", "The pool's quota is used up."}},
				{operation: destroys, limit: "10s", says: []string{
					"Unable to delete RBD image", `quota of pool "shut-off" is used up`, "Nothing was removed.",
				}},
			},
		},
		{
			name: "the OSDs are frozen",
			begin: func(r *run) {
				r.resumes(r.east)
				r.must(r.east.OSD(0).Pause())
			},
			rows: []row{
				{operation: refreshes, limit: "10s", says: []string{"Unable to read RBD image", "that the OSDs of the pool are up"}},
				{operation: creates, gate: true, limit: "10s", timeout: "8s", says: []string{
					"Unable to create RBD image", `Cluster "east" did not answer in time.`, "that the OSDs of the pool are up",
					"The image may still be made",
				}},
				{operation: changes, gate: true, limit: "10s", timeout: "20s", says: []string{
					"Unable to update RBD image", `Cluster "east" did not answer within its operation_timeout of 10s.`,
					"that the OSDs of the pool are up",
				}},
				{operation: destroys, limit: "10s", timeout: "20s", says: []string{
					"Unable to delete RBD image", "that the OSDs of the pool are up",
				}},
			},
		},
		{
			name: "the manager is down",
			begin: func(r *run) {
				r.resumes(r.east)
				r.must(r.east.Manager().Pause())
			},
			rows: []row{
				{operation: creates, limit: longLimit},
				{operation: changes, limit: longLimit},
				{operation: refreshes, limit: longLimit},
				{operation: destroys, limit: longLimit},
			},
		},
		{
			name: "another pool has no active placement group",
			begin: func(r *run) {
				r.ruleWithoutOSDs()
				r.cephCommand("osd", "pool", "create", "elsewhere", "1", "1", "replicated", "nowhere")
				r.ends(func() error {
					return r.ceph("osd", "pool", "delete", "elsewhere", "elsewhere", "--yes-i-really-really-mean-it")
				})
				r.cephCommand("osd", "pool", "application", "enable", "elsewhere", "rbd")
			},
			rows: []row{
				// Images of the other pool may have their data in the one that is to be deleted.
				{operation: destroys, limit: "10s", says: []string{
					"Unable to delete Ceph pool", `Cluster "east" did not answer within its operation_timeout of 10s.`,
					`Pool "elsewhere" can't be read or written`,
				}},
				{operation: creates, limit: longLimit},
				{operation: changes, limit: longLimit},
				{operation: refreshes, limit: longLimit},
			},
		},
	}
}

// everyOperation is a row for each operation, of which the refresh costs least.
func everyOperation(of row) []row {
	rows := make([]row, 0, 4)
	for _, operation := range []operation{refreshes, creates, changes, destroys} {
		of.operation = operation
		rows = append(rows, of)
	}
	return rows
}

// unservedRows are the operations on a pool whose OSDs the monitors know to be down.
func unservedRows() []row {
	words := `Pool "shut-off" can't be read or written`
	return []row{
		{operation: refreshes, limit: "10s", says: []string{"Unable to read RBD image", words, "ceph osd tree"}},
		{
			operation: creates, limit: "10s", timeout: "20s", says: []string{"Unable to create RBD image", words},
			warns: []string{"Ceph pool created, but not as it was asked for"},
		},
		{operation: changes, gate: true, limit: "10s", timeout: "20s", says: []string{"Unable to update RBD image", words}},
		{operation: destroys, limit: "10s", timeout: "20s", says: []string{"Unable to delete RBD image", words}},
	}
}

// connects makes the provider connect with these values.
func (r *run) connects(monitors, user, key, fsid string) {
	r.cluster = fmt.Sprintf("mon_host = %q, user = %q, key = %q", monitors, user, key)
	if fsid != "" {
		r.cluster += fmt.Sprintf(", fsid = %q", fsid)
	}
}

// resumes ends the fault by letting the paused daemons of a cluster go on.
func (r *run) resumes(c *testbed.Cluster) {
	r.ends(func() error { return c.ResumeUsable(context.Background()) })
}

// stops ends daemons of east, until the fault ends.
func (r *run) stops(stop func(*testbed.Daemon) error, daemons ...*testbed.Daemon) {
	r.Helper()
	r.ends(func() error { return r.east.WaitUsable(context.Background()) })
	for _, d := range daemons {
		r.ends(d.Start)
		r.must(stop(d))
	}
}

// ceph is a command of east, also where the test has ended.
func (r *run) ceph(args ...string) error {
	_, err := r.east.Ceph(context.Background(), args...)
	return err
}

// cephCommand is a command of east, with its output.
func (r *run) cephCommand(args ...string) string {
	r.Helper()
	out, err := r.east.Ceph(r.Context(), args...)
	r.must(err)
	return strings.TrimSpace(string(out))
}

// flag runs a command, and waits until pools have a flag because of it, or no longer have it.
func (r *run) flag(name string, set bool, args ...string) error {
	if err := r.ceph(args...); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		out, err := r.east.Ceph(ctx, "osd", "pool", "ls", "detail")
		if err != nil || strings.Contains(string(out), name) == set {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no pool's flag %s became %v", name, set)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// ruleWithoutOSDs makes the CRUSH rule nowhere, which finds no OSD.
func (r *run) ruleWithoutOSDs() {
	r.Helper()
	r.cephCommand("osd", "crush", "add-bucket", "nowhere", "root")
	r.ends(func() error { return r.ceph("osd", "crush", "rm", "nowhere") })
	r.cephCommand("osd", "crush", "rule", "create-replicated", "nowhere", "nowhere", "osd")
	r.ends(func() error { return r.ceph("osd", "crush", "rule", "rm", "nowhere") })
}
