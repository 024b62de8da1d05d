package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The example that adopts an estate leaves out the users of Ceph's own daemons, by names as cephadm (get_auth_entity), ceph-volume and
// rbd mirror pool peer bootstrap give them, and no user of an operator whose name only begins so.
func TestAdoptedUsersAreNoDaemons(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "examples", "adopting-an-estate", "found.tf"))
	if err != nil {
		t.Fatal(err)
	}
	_, list, found := strings.Cut(string(text), `daemons = join("|", [`)
	list, _, ended := strings.Cut(list, "])\n")
	var patterns []string
	for _, quoted := range regexp.MustCompile(`"[^"]*"`).FindAllString(list, -1) {
		pattern, err := strconv.Unquote(quoted)
		if err != nil {
			t.Fatal(err)
		}
		patterns = append(patterns, pattern)
	}
	if !found || !ended || len(patterns) == 0 {
		t.Fatal("the example names no daemons in a way that this test reads")
	}
	daemons := regexp.MustCompile(strings.Join(patterns, "|"))
	for name, leftOut := range map[string]bool{
		"admin": true, "bootstrap-osd": true, "bootstrap-rbd-mirror": true, "osd-lockbox.8a3e1c6e-6a53-4a5b-8f0c-5a2d3b0f1c11": true,
		"crash": true, "crash.node1": true, "ceph-exporter.node1": true, "agent.node1": true, "node-proxy.node1": true,
		"rbd-mirror.a": true, "rbd-mirror-peer": true, "cephfs-mirror.node1.abcdef": true, "rgw.realm.zone.node1.abcdef": true,
		"nfs.share.0.0.node1.abcdef": true, "nfs.share.0.0.node1.abcdef-rgw": true, "iscsi.pool.node1.abcdef": true,
		"nvmeof.pool.node1.abcdef": true, "smb.config.tango.node1.abcdef": true, "smb.fs.cluster.tango": true,

		"libvirt": false, "administrator": false, "admin-backup": false, "agent-backup": false, "agents": false, "crashplan": false,
		"crash-reports": false, "ceph-exporter2": false, "rbd-mirrored": false, "osd-lockboxes": false, "nfs": false, "smb-share": false,
		"my.rgw.backup": false, "rgw-backup": false,
	} {
		if daemons.MatchString(name) != leftOut {
			t.Errorf("client.%s: left out is %v, want %v", name, !leftOut, leftOut)
		}
	}
}
