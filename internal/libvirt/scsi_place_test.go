package libvirt

import (
	"reflect"
	"testing"
)

func TestPlaceOnSCSI(t *testing.T) {
	const (
		virtio  = "<controller type='scsi' index='0' model='virtio-scsi'/>"
		lsi     = "<controller type='scsi' index='0' model='lsilogic'/>"
		second  = "<controller type='scsi' index='1' model='virtio-scsi'/>"
		unit7   = "<hostdev mode='subsystem' type='scsi'><address type='drive' controller='0' bus='0' target='0' unit='7'/></hostdev>"
		chosen8 = "<disk><target dev='sda' bus='scsi'/><address type='drive' controller='0' bus='0' target='0' unit='8'/></disk>"
	)
	for name, c := range map[string]struct {
		live, saved, bus, target string
		want                     []uint // none where libvirt chooses
	}{
		"the seventh":                        {virtio, virtio, "scsi", "sdg", nil},
		"the eighth":                         {virtio, virtio, "scsi", "sdh", []uint{0, 0, 0, 7}},
		"the eighth, shut off":               {"", virtio, "scsi", "sdh", []uint{0, 0, 0, 7}},
		"the eighth, transient":              {virtio, "", "scsi", "sdh", []uint{0, 0, 0, 7}},
		"with two letters":                   {virtio, virtio, "scsi", "sdaa", []uint{0, 0, 0, 26}},
		"its unit is taken":                  {virtio + unit7, virtio, "scsi", "sdh", []uint{0, 0, 0, 8}},
		"both units are taken":               {virtio + unit7, virtio + chosen8, "scsi", "sdh", []uint{0, 0, 0, 9}},
		"its controller is there":            {virtio + second, virtio + second, "scsi", "sdh", nil},
		"its controller is only saved":       {virtio, virtio + second, "scsi", "sdh", []uint{0, 0, 0, 7}},
		"no controller":                      {"", "", "scsi", "sdh", nil},
		"no controller in one":               {virtio, "<emulator/>", "scsi", "sdh", nil},
		"a controller for few":               {lsi, lsi, "scsi", "sdh", nil},
		"another bus":                        {virtio, virtio, "sata", "sdh", nil},
		"a target that isn't called by them": {virtio, virtio, "scsi", "vdh", nil},
	} {
		defined := func(devices string) *Definition {
			if devices == "" {
				return nil
			}
			return definitionOf(t, devices)
		}
		d := Domain{Live: defined(c.live), Saved: defined(c.saved)}
		var want *Address
		if c.want != nil {
			want = &Address{Type: AddressDrive, Numbers: c.want}
		}
		if got := d.PlaceOnSCSI(Disk{Bus: c.bus, Target: c.target}); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	d := Domain{Saved: definitionOf(t, virtio)}
	if got := d.PlaceOnSCSI(Disk{Bus: "scsi", Target: "sdh", Address: &Address{Type: AddressDrive, Numbers: []uint{1, 0, 0, 0}}}); got != nil {
		t.Errorf("another place than was asked for: %+v", got)
	}
}
