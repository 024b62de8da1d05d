package libvirt

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	rpc "github.com/digitalocean/go-libvirt"
)

const (
	rbdSource = `<source protocol='rbd' name='vms/b1'><host name='192.0.2.1' port='6789'/><host name='mon.example.net'/></source>`
	disk      = `<domain type='qemu'><devices><disk type='%s'>%s<target dev='vda' bus='virtio'/></disk></devices></domain>`
	arguments = `<domain xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><qemu:commandline><qemu:arg value='-x'/><qemu:arg` +
		` value='%s'/></qemu:commandline></domain>`
)

// Every place in which libvirt's schemas, and what they leave to QEMU, can hold the name of an image. Whoever finds another one adds it.
var places = []struct {
	name, document string
	target, place  string
	image          string
	monitors       int
}{
	{"source", fmt.Sprintf(disk, "network", rbdSource), "vda", "", "vms/b1", 2},
	{"source in a namespace", fmt.Sprintf(disk, "network", `<source protocol='rbd' name='vms/tenant/b1'/>`), "vda", "", "vms/tenant/b1", 0},
	{
		"source with a snapshot in its name", fmt.Sprintf(disk, "network", `<source protocol='rbd' name='vms/b1@before'/>`), "vda", "", "vms/b1",
		0,
	},
	{
		"source with options in its name", fmt.Sprintf(disk, "network", `<source protocol='rbd' name='vms/b1:rbd_cache=true'/>`),
		"vda", "", "vms/b1", 0,
	},
	{"source of a CD-ROM drive", `<domain><devices><disk type='network' device='cdrom'><target dev='sda'/>` + rbdSource +
		`</disk></devices></domain>`, "sda", "", "vms/b1", 2},
	{
		"slices and other layers around a source", fmt.Sprintf(disk, "network", `<driver type='throttle'><layer>`+rbdSource+`</layer></driver>`),
		"vda", "", "vms/b1", 2,
	},
	{
		"base", fmt.Sprintf(disk, "file", `<source file='/v/o'/><backingStore type='network'>`+rbdSource+`</backingStore>`), "vda",
		"as the base of an overlay", "vms/b1", 2,
	},
	{
		"base of a base",
		fmt.Sprintf(disk, "file", `<source file='/v/o'/><backingStore type='file'><source file='/v/m'/><backingStore type='network'>`+rbdSource+
			`<backingStore/></backingStore></backingStore>`),
		"vda", "as the base of an overlay", "vms/b1", 2,
	},
	{
		"mirror", fmt.Sprintf(disk, "file", `<source file='/v/o'/><mirror type='network' job='copy'>`+rbdSource+`</mirror>`), "vda",
		"as the destination of a block copy", "vms/b1", 2,
	},
	{
		"base of a mirror", fmt.Sprintf(disk, "file", `<mirror type='file'><source file='/v/o'/><backingStore type='network'>`+rbdSource+
			`</backingStore></mirror>`),
		"vda", "as the base of an overlay", "vms/b1", 2,
	},
	{"data file", fmt.Sprintf(disk, "file", `<source file='/v/o'><dataStore type='network'><format type='raw'/>`+rbdSource+
		`</dataStore></source>`), "vda", "as the data file of an overlay", "vms/b1", 2},
	{"variables of the firmware", `<domain><os><nvram type='network'>` + rbdSource + `</nvram></os></domain>`, "firmware", "", "vms/b1", 2},
	{"volume", fmt.Sprintf(disk, "volume", `<source pool='rbdpool' volume='b1'/>`), "vda", "", "vms/b1", 1},
	{"an element to come", `<domain><future><source protocol='rbd' name='vms/b1'/></future></domain>`, "", "", "vms/b1", 0},
	{"QEMU's file name", fmt.Sprintf(disk, "file", `<source file='rbd:vms/b1:id=libvirt:mon_host=192.0.2.1'/>`), "vda", "", "vms/b1", 0},
	{"QEMU's file name of a snapshot", fmt.Sprintf(disk, "file", `<source file='rbd:vms/tenant/b1@before'/>`), "vda", "", "vms/tenant/b1", 0},
	{
		"QEMU's JSON", fmt.Sprintf(disk, "file",
			`<source file='json:{"driver":"raw","file":{"driver":"rbd","pool":"vms","image":"b1","server":[{"host":"a"}]}}'/>`),
		"vda", "", "vms/b1", 0,
	},
	{
		"QEMU's JSON with dots", fmt.Sprintf(disk, "file",
			`<source file='json:{"file.driver":"rbd","file.pool":"vms","file.namespace":"tenant","file.image":"b1"}'/>`), "vda", "", "vms/tenant/b1",
		0,
	},
	{"device of the kernel", fmt.Sprintf(disk, "block", `<source dev='/dev/rbd/vms/b1'/>`), "vda", "", "vms/b1", 0},
	{
		"device of the kernel in a namespace", fmt.Sprintf(disk, "block", `<source dev='/dev/rbd/vms/tenant/b1@before'/>`), "vda", "",
		"vms/tenant/b1", 0,
	},
	{"partition of a device of the kernel", fmt.Sprintf(disk, "block", `<source dev='/dev/rbd/vms/b1-part2'/>`), "vda", "", "vms/b1", 0},
	{"device of an image called like one", fmt.Sprintf(disk, "block", `<source dev='/dev/rbd/vms/b1-part2'/>`), "vda", "", "vms/b1-part2", 0},
	{
		"partition of a device of the kernel in a namespace", fmt.Sprintf(disk, "block", `<source dev='/dev/rbd/vms/tenant/b1-part10'/>`), "vda",
		"", "vms/tenant/b1", 0,
	},
	{"-drive with a file name", fmt.Sprintf(arguments, `file=rbd:vms/b1:id=libvirt,format=raw,if=virtio`), "", "", "vms/b1", 0},
	{"-drive with options", fmt.Sprintf(arguments, `if=virtio,file.driver=rbd,file.pool=vms,file.image=b1`), "", "", "vms/b1", 0},
	{"-blockdev", fmt.Sprintf(arguments, `driver=rbd,node-name=x,pool=vms,namespace=tenant,image=b1`), "", "", "vms/tenant/b1", 0},
	{"-blockdev with JSON", fmt.Sprintf(arguments, `{"driver":"rbd","pool":"vms","image":"b1","node-name":"x"}`), "", "", "vms/b1", 0},
	{
		"disks of a snapshot", `<domainsnapshot><disks><disk name='vda' snapshot='external' type='network'>` + rbdSource +
			`</disk></disks></domainsnapshot>`,
		"vda", "", "vms/b1", 2,
	},
	{"domain of a snapshot", `<domainsnapshot>` + fmt.Sprintf(disk, "network", rbdSource) + `</domainsnapshot>`, "vda", "", "vms/b1", 2},
	{
		"saved domain of a snapshot of a running one",
		`<domainsnapshot><inactiveDomain><devices><disk type='network'>` + rbdSource +
			`<target dev='vdb'/></disk></devices></inactiveDomain></domainsnapshot>`,
		"vdb", "", "vms/b1", 2,
	},
	{"domain of a checkpoint", `<domaincheckpoint>` + fmt.Sprintf(disk, "network", rbdSource) + `</domaincheckpoint>`, "vda", "", "vms/b1", 2},
}

// What names no image.
var elsewhere = map[string]string{
	"other protocol":       fmt.Sprintf(disk, "network", `<source protocol='nbd' name='vms/b1'/>`),
	"empty drive":          fmt.Sprintf(disk, "network", `<source protocol='rbd'/>`),
	"volume of a folder":   fmt.Sprintf(disk, "volume", `<source pool='folder' volume='b1'/>`),
	"volume of no pool":    fmt.Sprintf(disk, "volume", `<source pool='gone' volume='b1'/>`),
	"file":                 fmt.Sprintf(disk, "file", `<source file='/var/lib/carbdata/b1'/>`),
	"numbered device":      fmt.Sprintf(disk, "block", `<source dev='/dev/rbd0'/>`),
	"an application's own": `<domain><metadata><a:image xmlns:a='urn:a' protocol='rbd' name='vms/b1'/></metadata></domain>`,
	"prose":                `<domain><description>rbd:vms/b1 is no more</description></domain>`,
}

func testPools(name string) storagePool {
	documents := map[string]string{
		"rbdpool": `<pool type='rbd'><name>rbdpool</name><source><host name='192.0.2.1'/><name>vms</name><auth type='ceph'` +
			` username='u'/></source></pool>`,
		"folder": `<pool type='dir'><name>folder</name><source><name>vms</name></source><target><path>/v</path></target></pool>`,
	}
	root, err := parse(documents[name])
	if err != nil {
		return storagePool{}
	}
	return poolOf(&root)
}

func imagesIn(t *testing.T, document string) []ImageUse {
	t.Helper()
	root, err := parse(document)
	if err != nil {
		t.Fatal(err)
	}
	return imageUses([]record{{domain: rpc.Domain{Name: "d"}, root: root}}, testPools)
}

func TestImageUses(t *testing.T) {
	for _, c := range places {
		uses := slices.DeleteFunc(imagesIn(t, c.document), func(use ImageUse) bool { return use.Image != c.image })
		if len(uses) != 1 || uses[0].Target != c.target || uses[0].Place != c.place || len(uses[0].Monitors) != c.monitors {
			t.Errorf("%s: %+v", c.name, uses)
		}
	}
	for name, document := range elsewhere {
		if uses := imagesIn(t, document); len(uses) != 0 {
			t.Errorf("%s: %+v", name, uses)
		}
	}
	first := imagesIn(t, places[0].document)[0]
	if want := (Monitor{"192.0.2.1", 6789}); first.Monitors[0] != want || first.Monitors[1] != (Monitor{Host: "mon.example.net"}) {
		t.Errorf("monitors: %+v", first.Monitors)
	}
}

// The snapshot that is read, wherever it is written.
func TestSnapshotUses(t *testing.T) {
	for name, document := range map[string]string{
		"element": fmt.Sprintf(disk, "network", `<source protocol='rbd' name='vms/b1'><snapshot name='before'/></source>`),
		"base": fmt.Sprintf(disk, "file", `<source file='/v/o'/><backingStore type='network'><source protocol='rbd' name='vms/b1'>`+
			`<host name='192.0.2.1'/><snapshot name='before'/></source></backingStore>`),
		"name":                 fmt.Sprintf(disk, "network", `<source protocol='rbd' name='vms/b1@before'/>`),
		"name with options":    fmt.Sprintf(disk, "network", `<source protocol='rbd' name='vms/b1@before:rbd_cache=true'/>`),
		"QEMU's file name":     fmt.Sprintf(disk, "file", `<source file='rbd:vms/b1@before:id=libvirt'/>`),
		"device of the kernel": fmt.Sprintf(disk, "block", `<source dev='/dev/rbd/vms/b1@before'/>`),
		"QEMU's JSON": fmt.Sprintf(disk, "file",
			`<source file='json:{"file":{"driver":"rbd","pool":"vms","image":"b1","snapshot":"before"}}'/>`),
		"-drive":                     fmt.Sprintf(arguments, `if=virtio,file.driver=rbd,file.pool=vms,file.image=b1,file.snapshot=before`),
		"partition of such a device": fmt.Sprintf(disk, "block", `<source dev='/dev/rbd/vms/b1@before-part1'/>`),
	} {
		uses := slices.DeleteFunc(imagesIn(t, document), func(use ImageUse) bool {
			return use.Image != "vms/b1" || use.Snapshot == "before-part1"
		})
		if len(uses) != 1 || uses[0].Snapshot != "before" {
			t.Errorf("%s: %+v", name, uses)
		}
	}
	for _, c := range places {
		for _, use := range imagesIn(t, c.document) {
			if use.Image == "vms/b1" && use.Snapshot != "" && !strings.Contains(c.document, "@before") {
				t.Errorf("%s: %+v", c.name, use)
			}
		}
	}
}

// One domain in two definitions is one use, and it is the running one that counts; what a snapshot remembers is another.
func TestImageUsesOfOneDomain(t *testing.T) {
	root, err := parse(places[0].document)
	if err != nil {
		t.Fatal(err)
	}
	d := rpc.Domain{Name: "d"}
	uses := imageUses([]record{
		{domain: d, root: root}, {domain: d, root: root, live: true}, {domain: d, root: root, place: `in the metadata of snapshot "s1"`},
	}, testPools)
	if len(uses) != 2 || !uses[0].Active || !uses[0].Defined || uses[1].Defined || uses[1].Place != `in the metadata of snapshot "s1"` {
		text, _ := json.Marshal(uses)
		t.Errorf("%s", text)
	}
}
