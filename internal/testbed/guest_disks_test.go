package testbed

import (
	"testing"
)

func TestParseDisks(t *testing.T) {
	disks, err := parseDisks("vda 33554432 east aGVsbG8KAAA=\nsda 1024 - -")
	if err != nil {
		t.Fatal(err)
	}
	want := []GuestDisk{
		{Name: "vda", Bytes: 33554432, Serial: "east", Head: "hello", Readable: true},
		{Name: "sda", Bytes: 1024},
	}
	if len(disks) != 2 || disks[0] != want[0] || disks[1] != want[1] {
		t.Errorf("got %+v", disks)
	}
	if _, err := parseDisks("sh: disks: not found"); err == nil {
		t.Error("nonsense was taken for a disk")
	}
}
