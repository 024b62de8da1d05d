package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/testbed"
)

func TestAccBeginningOfAnImage(t *testing.T) {
	if os.Getenv("TF_ACC") == "" {
		t.Skip("TF_ACC is not set")
	}
	bed, err := testbed.Start(t.Context(), testbed.Options{
		Clusters:    []testbed.ClusterOptions{{Name: "east"}},
		Hypervisors: []string{},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bed.Stop(); err != nil {
			t.Error(err)
		}
	})
	cluster := bed.Cluster("east")
	rbd := func(stdin string, args ...string) string {
		out, err := cluster.RBDIn(t.Context(), stdin, args...)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	if _, err := cluster.Ceph(t.Context(), "osd", "pool", "create", "libvirt-pool", "8"); err != nil {
		t.Fatal(err)
	}
	rbd("", "pool", "init", "libvirt-pool")
	rbd("", "create", imageSpec, "--size", "8M")
	rbd(beginning("hello"), "import-diff", "-", imageSpec)
	content := rbd("", "export", imageSpec, "-")
	if len(content) != 8<<20 || !strings.HasPrefix(content, "hello\x00") {
		t.Errorf("%d bytes that begin with %q", len(content), content[:16])
	}
}

func TestBeginningIsADiffThatWritesAtTheStart(t *testing.T) {
	want := "rbd diff v1\nw" + "\x00\x00\x00\x00\x00\x00\x00\x00" + "\x02\x00\x00\x00\x00\x00\x00\x00" + "hi" + "e"
	if got := beginning("hi"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestQuoteSurvivesTheShell(t *testing.T) {
	for _, word := range []string{`{"east":{"mon_host":"[v2:127.0.0.2:3300]"}}`, `it's $HOME`, ""} {
		got, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+quote(word)).Output()
		if err != nil || string(got) != word {
			t.Errorf("got %q, %v, want %q", got, err, word)
		}
	}
}

func TestMatchingLines(t *testing.T) {
	cases := map[string]string{
		"plan": "  # ceph_pool.vms[\"east\"] will be created\n  Plan: 1 to add, 0 to change, 0 to destroy.\n",
		"apply": "  ceph_pool.vms[\"east\"]: Creation complete after 1s [id=east/vms]\n  Apply complete! Resources: 1 added, 0 changed, 0" +
			" destroyed.\n",
		"init": "",
	}
	const said = "Terraform will perform the following actions:\n\n  # ceph_pool.vms[\"east\"] will be created\n  + resource \"ceph_pool\"" +
		" \"vms\" {\n    }\n\nPlan: 1 to add, 0 to change, 0 to destroy.\nceph_pool.vms[\"east\"]: Creating...\n" +
		"ceph_pool.vms[\"east\"]: Creation complete after 1s [id=east/vms]\n\nApply complete! Resources: 1 added, 0 changed, 0 destroyed.\n"
	for verb, want := range cases {
		var shown strings.Builder
		lines := &matchingLines{to: &shown, match: shownLines[verb]}
		for _, b := range []byte(said) {
			if _, err := lines.Write([]byte{b}); err != nil {
				t.Fatal(err)
			}
		}
		if shown.String() != want {
			t.Errorf("%s shows %q", verb, shown.String())
		}
	}
}
