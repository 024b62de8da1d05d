package libvirtrbddisk

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/libvirt"
	"github.com/ceph-libvirt/terraform-provider-ceph/internal/tfkit"
)

func TestRefuseConflicts(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*model)
		at     string
	}{
		"fits":          {func(*model) {}, ""},
		"wwn on virtio": {func(m *model) { m.WWN = types.StringValue("5000c50015ea71ac") }, "wwn"},
		"drive on virtio": {func(m *model) {
			m.Address = addressObject(&libvirt.Address{Type: "drive", Numbers: []uint{0, 0, 0, 1}})
		}, "address"},
		"cdrom on virtio": {func(m *model) { m.Device = types.StringValue("cdrom") }, "device"},
		"queues on scsi": {func(m *model) {
			m.Bus, m.TargetDev, m.Queues = types.StringValue("scsi"), types.StringValue("sda"), types.Int64Value(1)
		}, "queues"},
		"size of a snapshot": {func(m *model) {
			m.Snapshot, m.ReadOnly, m.Size = types.StringValue("s"), types.BoolValue(true), tfkit.SizeOf(1<<30)
		}, "size"},
		"limits that exclude each other": {func(m *model) {
			m.IOTune = limitsObject(libvirt.Limits{Rates: map[string]uint64{"total_iops_sec": 1, "read_iops_sec": 1}})
		}, "iotune.total_iops_sec"},
		"bus not known yet": {func(m *model) { m.Bus, m.TargetDev = types.StringUnknown(), types.StringValue("sdb") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := plain()
			c.change(&m)
			var diags diag.Diagnostics
			refuseConflicts(&m, &diags)
			if argumentsOf(diags) != c.at {
				t.Errorf("%v", diags)
			}
		})
	}
}

// argumentsOf are the arguments that diagnostics are about.
func argumentsOf(diags diag.Diagnostics) string {
	var at []string
	for _, d := range diags {
		if located, ok := d.(diag.DiagnosticWithPath); ok {
			at = append(at, located.Path().String())
		}
	}
	return strings.Join(at, " ")
}

// Targets of another bus and serials that the device cuts off are refused for a new disk, and where they are changed. A disk that has them
// keeps them, however else it is changed.
func TestRefuseOddities(t *testing.T) {
	text := types.StringValue
	long := text("0aab8e4f-2b6a-4a3e-9b1e-2f6d9d3c7b11")
	with := func(target, bus string, serial types.String) model {
		m := plain()
		m.TargetDev, m.Bus, m.Serial = text(target), text(bus), serial
		return m
	}
	for name, c := range map[string]struct {
		is, asked model
		at        string // of a disk that is there, and of a new one
		atNew     string
	}{
		"fits":                     {with("vdb", "virtio", text("one")), with("vdb", "virtio", text("two")), "", ""},
		"20 characters":            {with("vdb", "virtio", long), with("vdb", "virtio", text(long.ValueString()[:20])), "", ""},
		"serial that is there":     {with("vdb", "virtio", long), with("vdb", "virtio", long), "", "serial"},
		"serial that is changed":   {with("vdb", "virtio", long), with("vdb", "virtio", text(long.ValueString()+"1")), "serial", "serial"},
		"serial that is added":     {with("vdb", "virtio", types.StringNull()), with("vdb", "virtio", long), "serial", "serial"},
		"serial on another bus":    {with("sdb", "scsi", long), with("sdb", "sata", long), "serial", "serial"},
		"serial not known":         {with("vdb", "virtio", text("one")), with("vdb", "virtio", types.StringUnknown()), "", ""},
		"target that is there":     {with("hda", "sata", text("one")), with("hda", "sata", text("two")), "", "target_dev"},
		"target of another bus":    {with("vdb", "virtio", text("one")), with("sdb", "virtio", text("one")), "target_dev", "target_dev"},
		"bus of another target":    {with("hda", "ide", text("one")), with("hda", "sata", text("one")), "target_dev", "target_dev"},
		"another target like that": {with("hda", "sata", text("one")), with("hdb", "sata", text("one")), "target_dev", "target_dev"},
	} {
		var diags, ofNew diag.Diagnostics
		refuseOddities(&c.asked, &c.is, &diags)
		refuseOddities(&c.asked, nil, &ofNew)
		if argumentsOf(diags) != c.at || argumentsOf(ofNew) != c.atNew {
			t.Errorf("%s: %v, and as a new disk %v", name, diags, ofNew)
		}
		refuseConflicts(&c.asked, &diags)
		if argumentsOf(diags) != c.at {
			t.Errorf("%s is refused without its state: %v", name, diags)
		}
	}
}

// "default" is refused: libvirt doesn't keep it in the XML, so each plan would show a change.
func TestDefaultIsLeftOut(t *testing.T) {
	for value, refused := range map[string]bool{"none": false, "default": true, "": true} {
		var resp validator.StringResponse
		tfkit.Choice{Values: []string{"none", "unsafe"}, Default: "the hypervisor's"}.ValidateString(t.Context(),
			validator.StringRequest{Path: path.Root("cache"), ConfigValue: types.StringValue(value)}, &resp)
		if resp.Diagnostics.HasError() != refused {
			t.Errorf("%q: %v", value, resp.Diagnostics)
		}
		if refused && !strings.Contains(resp.Diagnostics[0].Detail(), "Leave the attribute out") {
			t.Error(resp.Diagnostics[0].Detail())
		}
	}
}
