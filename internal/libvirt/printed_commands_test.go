package libvirt

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	rpc "github.com/digitalocean/go-libvirt"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
)

// A domain's name is one word of each command that a message shows: what is copied to a shell does what it says, and no more.
func TestNamesInPrintedCommands(t *testing.T) {
	const name = "a b$(id)"
	word := regexp.MustCompile(`(virsh [a-z-]+|terraform import ADDRESS) (.)`)
	domain := runningDomain(t, "<devices>"+diskXML+"</devices>")
	domain.Name, domain.Persistent = name, true
	live := *domain.Live.DiskByTarget("vdb")
	here := Placement{Host: host(t, Config{URI: "qemu:///system"}), Domain: domain}
	managed := ManagedDisk{Alias: live.Alias, Target: "vdb", Sources: []string{"vms/other"}}
	explained := func(found Disks) string {
		why, do := managed.ExplainExchange(domain, found, live)
		return why + do
	}
	d := newFakeDaemon(t)
	keeps := func(state rpc.DomainState) string {
		d.on(procGetState, func(int) ([]byte, uint32, bool) { return append(xdrWord(uint32(state)), xdrWord(0)...), 0, true })
		return host(t, Config{URI: d.uri()}).guestKeepsDisk(t.Context(), operation{}, rpc.Domain{Name: name}, 0, nil).Error()
	}
	mine, threads := live, live
	mine.Alias, threads.IOThread = OwnAlias(domain.UUID, "vdb"), 7
	_, pending := here.PendingDetach(Disks{Live: &live}, domain.RunningNumber())
	copying := expect.Value(ParseDefinition("<domain type='kvm' id='1'><name>guest</name><devices>" + strings.Replace(diskXML, "</disk>",
		"<mirror type='network' job='copy'><source protocol='rbd' name='vms/two'/></mirror></disk>", 1) + "</devices></domain>"))(t)
	for what, text := range map[string]string{
		"a job":               here.Host.heldByJob(name, Job{Name: "migration"}).Error(),
		"a copy":              here.Host.heldByJob(name, Job{Name: "copy", Target: "vdb", Rewrites: true}).Error(),
		"a backup":            here.Host.heldByJob(name, Job{Name: "backup", Target: "vdb"}).Error(),
		"a call":              heldByCall(name, "another call").do,
		"a paused guest":      keeps(rpc.DomainPaused),
		"a suspended guest":   keeps(rpc.DomainPmsuspended),
		"a pending detach":    fmt.Sprint(pending),
		"another source":      explained(Disks{Live: &live}),
		"another saved one":   explained(Disks{Live: &mine, Saved: &live}),
		"a copy that goes on": fmt.Sprint(here.CopyingWarnings(Disks{Live: copying.DiskByTarget("vdb")})),
		"an I/O thread":       here.Host.RefuseReattach(domain, live, threads, false).Error(),
		"a target":            here.Host.targetTaken(domain, live, live).Error(),
		"a target of ours":    here.Host.targetTaken(domain, live, mine).Error(),
	} {
		commands := word.FindAllStringSubmatch(text, -1)
		for _, command := range commands {
			if command[2] != "'" {
				t.Errorf("%s: %q begins a name that is not quoted: %s", what, command[0], text)
			}
		}
		if len(commands) == 0 || !strings.Contains(text, "'"+name+"'") && !strings.Contains(text, "'kvm1/"+name+"/vdb'") {
			t.Errorf("%s: no command names the domain: %s", what, text)
		}
		if strings.Contains(text, "virsh blockcopy") && !strings.Contains(text, "--transient-job") {
			t.Errorf("%s: libvirt refuses this copy of a persistent domain: %s", what, text)
		}
	}
}
