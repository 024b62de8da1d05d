package libvirt

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/acctest/expect"
)

// fullDiskXML has every element and attribute that libvirt's schema knows below a <disk> of an RBD image, up to libvirt 12.
const fullDiskXML = `<disk type='network' device='lun' rawio='yes' sgio='unfiltered' snapshot='external' model='virtio-non-transitional'>
  <driver name='qemu' type='raw' cache='none' error_policy='stop' rerror_policy='report' io='native' ioeventfd='on' event_idx='off'
    copy_on_read='on' discard='unmap' discard_no_unref='on' iothread='1' detect_zeroes='off' queues='2' queue_size='256' iommu='on'
    ats='on' packed='on' page_per_vq='on'>
    <iothreads><iothread id='1'><queue id='0'/><queue id='1'/></iothread><iothread id='2'/></iothreads>
    <metadata_cache><max_size unit='bytes'>1234</max_size></metadata_cache>
    <statistics>
      <statistic interval='1'/><statistic interval='10'/>
      <latency-histogram type='read'><bin start='0'/><bin start='1000'/></latency-histogram>
    </statistics>
  </driver>
  <auth username='libvirt'><secret type='ceph' usage='client.libvirt'/></auth>
  <source protocol='rbd' name='vms/one' startupPolicy='optional' index='1'>
    <host name='192.0.2.1' port='6789'/>
    <host name='mon.example.net' transport='tcp'/>
    <snapshot name='first'/>
    <config file='/etc/ceph/east.conf'/>
    <reconnect delay='5'/>
    <auth username='libvirt'><secret type='ceph' uuid='11111111-2222-4333-8444-555555555555'/></auth>
    <encryption format='luks2' engine='librbd'>
      <secret type='passphrase' uuid='11111111-2222-4333-8444-555555555556'/>
      <secret type='passphrase' usage='second'/>
    </encryption>
    <slices><slice type='storage' offset='1048576' size='2097152'/></slices>
    <reservations managed='yes'/>
    <ssl verify='no'/>
    <cookies><cookie name='one'>1</cookie></cookies>
    <readahead size='1024'/>
    <timeout seconds='5'/>
  </source>
  <backingStore type='network' index='3'>
    <format type='raw'/>
    <source protocol='rbd' name='vms/base'><host name='192.0.2.1'/></source>
    <backingStore/>
  </backingStore>
  <backenddomain name='other'/>
  <geometry cyls='16383' heads='16' secs='63' trans='lba'/>
  <blockio logical_block_size='512' physical_block_size='4096' discard_granularity='4096'/>
  <mirror type='network' job='copy' ready='yes'>
    <format type='raw'/>
    <source protocol='rbd' name='vms/copy'><host name='192.0.2.1'/></source>
  </mirror>
  <target dev='vdb' bus='virtio' tray='open' removable='on' rotation_rate='1' dpofua='on'/>
  <iotune>
    <total_bytes_sec>1</total_bytes_sec><total_iops_sec>2</total_iops_sec><total_bytes_sec_max>3</total_bytes_sec_max>
    <total_iops_sec_max>4</total_iops_sec_max><size_iops_sec>5</size_iops_sec><group_name>limits</group_name>
    <total_bytes_sec_max_length>6</total_bytes_sec_max_length><total_iops_sec_max_length>7</total_iops_sec_max_length>
  </iotune>
  <throttlefilters><throttlefilter group='limits'/><throttlefilter group='more'/></throttlefilters>
  <readonly/>
  <shareable/>
  <transient shareBacking='yes'/>
  <serial>abc</serial>
  <wwn>5000c50015ea71aa</wwn>
  <vendor>VENDOR</vendor>
  <product>PRODUCT</product>
  <encryption format='luks'><secret type='passphrase' uuid='11111111-2222-4333-8444-555555555556'/></encryption>
  <boot order='2' loadparm='3'/>
  <acpi index='4'/>
  <alias name='ua-ceph-1'/>
  <address type='pci' domain='0x0000' bus='0x01' slot='0x02' function='0x0' multifunction='on'>
    <zpci uid='0x0001' fid='0x00000000'/>
  </address>
</disk>`

// What libvirtxml knows is written back as it was, with whatever spelling.
func TestNothingKnownIsLostByRewrite(t *testing.T) {
	for name, text := range map[string]string{
		"ours": diskXML,
		"full": fullDiskXML,
		"scsi": `<disk device='cdrom' type='network'><source protocol='rbd' name='vms/one'/><target bus='scsi' dev='vdb'/>
			<address type='drive' controller='0' bus='0' target='0' unit='3'/></disk>`,
		"overlay": `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/v/o.qcow2' index='4'/>
			<backingStore type='network' index='1'><format type='raw'/><source protocol='rbd' name='vms/one'><host name='192.0.2.1'/>
			<auth username='libvirt'><secret type='ceph' usage='x'/></auth></source><backingStore/></backingStore>
			<target dev='vdb' bus='virtio'/></disk>`,
		"empty": `<disk type='file' device='cdrom'><driver name='qemu'/><target dev='vdb' bus='sata' tray='open'/><readonly/></disk>`,
		"ccw": `<disk type='network'><source protocol='rbd' name='vms/one'/><target dev='vdb' bus='virtio'/><address type='ccw'` +
			` cssid='0xfe' ssid='0x0' devno='0x0001'/></disk>`,
		"comment": `<disk type='network'><!-- kept by nobody --><source protocol='rbd' name='vms/one'/><target dev='vdb'` +
			` bus='virtio'/></disk>`,
		"address": `<disk type='network'><source protocol='rbd' name='vms/one'/><target dev='vdb'/><address type='pci' domain='0' bus='1'` +
			` slot='0x2' function='0'/></disk>`,
		"virtio-mmio": `<disk type='network'><source protocol='rbd' name='vms/one'/><target dev='vdb'/><address type='virtio-mmio'/></disk>`,
	} {
		if got := definitionOf(t, text).DiskByTarget("vdb").lostByRewrite(); len(got) > 0 {
			t.Errorf("%s: lost %v", name, got)
		}
	}
}

var openingTag = regexp.MustCompile(`<([a-zA-Z][\w-]*)([^>]*?)(/?)>`)

// What libvirtxml doesn't know is named, on whatever level of a disk it stands: each element in turn is given an attribute, and a child,
// that nobody has heard of yet.
func TestWhatIsLostByRewriteIsNamed(t *testing.T) {
	if tags := openingTag.FindAllString(fullDiskXML, -1); len(tags) < 70 {
		t.Fatalf("only %d elements", len(tags))
	}
	isNamedOnEachLevel(t, fullDiskXML)
	for _, name := range []string{"overlay-running", "nova-config-drive", "by-hand-usb", "s390-ccw"} {
		isNamedOnEachLevel(t, string(expect.Value(os.ReadFile("testdata/disks/"+name+".xml"))(t)))
	}
}

func isNamedOnEachLevel(t *testing.T, disk string) {
	t.Helper()
	const attribute, child = "invented", "novelty"
	for _, tag := range openingTag.FindAllStringSubmatchIndex(disk, -1) {
		name := disk[tag[2]:tag[3]]
		inside := "><" + child + ">1</" + child + ">"
		if tag[6] != tag[7] {
			inside += "</" + name + ">"
		}
		rest := disk[tag[1]:]
		for what, text := range map[string]string{
			"@" + attribute: disk[:tag[3]] + " " + attribute + "='1'" + disk[tag[3]:],
			child:           disk[:tag[5]] + inside + rest,
		} {
			got := definitionOf(t, diskXML, text).Disks[1].lostByRewrite()
			if len(got) != 1 || !strings.HasSuffix("/"+got[0], "/"+what) || name != "disk" && !strings.Contains(got[0], name+"/") {
				t.Errorf("<%s> with %s: lost %v\n%s", name, what, got, disk[tag[0]:tag[1]])
			}
		}
	}
}

func TestLostByRewriteOfOtherDisks(t *testing.T) {
	d := definitionOf(t, strings.Replace(diskXML, "<serial>", "<novelty/><serial>", 1), strings.Replace(diskXML, "vdb", "vdc", 1))
	if got := d.DiskByTarget("vdc").lostByRewrite(); len(got) > 0 {
		t.Errorf("another disk's loss is told: %v", got)
	}
	if got := (Disk{Target: "vdz"}).lostByRewrite(); len(got) > 0 {
		t.Errorf("a disk that isn't there loses %v", got)
	}
	second := definitionOf(t, strings.Replace(diskXML, "</source>", "<host name='192.0.2.3' weight='1'/></source>", 1))
	if got := second.DiskByTarget("vdb").lostByRewrite(); !slices.Equal(got, []string{"source/host/@weight"}) {
		t.Errorf("of the third host is lost %v", got)
	}
}

// The comparison of two documents: what counts, and in both directions.
func TestWhatOneDocumentHasAndTheOtherLacks(t *testing.T) {
	const disk = `<disk a='1' b='x'><host name='one'/><host name='two' port='2'/><serial>16</serial><driver name='qemu'/></disk>`
	for name, c := range map[string]struct{ other, lost, gained string }{
		"itself": {disk, "", ""},
		"order, quotes and spaces": {`<!-- x --><disk b="x"
			a="1"><driver name='qemu'></driver> <serial> 16
			</serial><host port='2' name='two'/><host name='one'/></disk>`, "", ""},
		"hexadecimal":         {strings.Replace(disk, "a='1'", "a='0x0001' c=''", 1), "", ""},
		"another number":      {strings.Replace(disk, "a='1'", "a='0x10'", 1), "@a", "@a"},
		"no attribute":        {strings.Replace(disk, " b='x'", "", 1), "@b", ""},
		"a text is no number": {strings.Replace(disk, ">16<", ">0x10<", 1), "serial/text()", "serial/text()"},
		"no text":             {strings.Replace(disk, ">16<", "><", 1), "serial/text()", ""},
		"one host less":       {strings.Replace(disk, "<host name='one'/>", "", 1), "host", ""},
		"one host twice":      {strings.Replace(disk, "<host name='one'/>", "<host name='one'/><host name='one'/>", 1), "", "host"},
		"another host":        {strings.Replace(disk, "'one'", "'three'", 1), "host/@name", "host/@name"},
		"hosts mixed up": {
			strings.NewReplacer("'one'/", "'one' port='2'/", "'two' port='2'", "'two'").Replace(disk),
			"host/@port", "host/@port",
		},
		"an empty element": {strings.Replace(disk, "<serial>", "<readonly/><serial>", 1), "", "readonly"},
	} {
		is, would := expect.Value(parse(disk))(t), expect.Value(parse(c.other))(t)
		if got := strings.Join(lost("", &is, &would), ","); got != c.lost {
			t.Errorf("%s: lost %q instead of %q", name, got, c.lost)
		}
		if got := strings.Join(lost("", &would, &is), ","); got != c.gained {
			t.Errorf("%s: gained %q instead of %q", name, got, c.gained)
		}
	}
}
