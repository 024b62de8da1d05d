package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const run = `$ make demo

==> Two Ceph clusters and a hypervisor start
  hypervisor kvm1   qemu+unix:///session?socket=/tmp/bed-2917932355/kvm1/run/libvirt/libvirt-sock

Ready after 26s.

It stays up. To play with it, from the top of the repository:

  . build/demo/env
  rbd -c /tmp/bed-2917932355/east/ceph.conf status libvirt-pool/librbd

To end it and remove everything: make demo-down
`

const kept = `$ make demo

==> Two Ceph clusters and a hypervisor start
  hypervisor kvm1   qemu+unix:///session?socket=/tmp/bed/kvm1/run/libvirt/libvirt-sock

Ready after 26s.

It stays up. To play with it, from the top of the repository:
  … (4 lines left out)
To end it and remove everything: make demo-down
`

func TestKeepWritesTextAndPicture(t *testing.T) {
	text, svg := filepath.Join(t.TempDir(), "demo.txt"), filepath.Join(t.TempDir(), "demo.svg")
	if err := keep(strings.NewReader(run), text, svg); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{text: kept, svg: picture(kept)} {
		if got, err := os.ReadFile(file); err != nil || string(got) != want {
			t.Errorf("%v, got:\n%s\nwant:\n%s", err, got, want)
		}
	}
}

func TestKeepRefusesWhatShouldNotBePublished(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, said := range []string{
		host,
		"root@" + host + ":~#",
		folder + "/build",
		"key = AQBVkTtlAAAAABAAyP9vKr0ZzrLqTnPhqMH7zg==",
		"no run of the demo",
	} {
		text, svg := filepath.Join(t.TempDir(), "demo.txt"), filepath.Join(t.TempDir(), "demo.svg")
		whole := run + said + "\n"
		if said == "no run of the demo" {
			whole = said
		}
		if err := keep(strings.NewReader(whole), text, svg); err == nil {
			t.Errorf("%q was kept", said)
		}
		for _, file := range []string{text, svg} {
			if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%q: %s was written: %v", said, file, err)
			}
		}
	}
}

// The picture is read as XML, as a browser does: each line of the text is there, as it was and in its place.
func TestPictureShowsTheText(t *testing.T) {
	const text = "$ make demo\n\n==> 1 < 2 && 3 > 2\n  /dev/vda   \"hello\"\n  … (4 lines left out)\n  Plan: 6 to add\nplain   ]]>\n"
	svg := picture(text)
	if svg != picture(text) {
		t.Error("the same text makes another picture")
	}
	type line struct {
		X     int    `xml:"x,attr"`
		Y     int    `xml:"y,attr"`
		Class string `xml:"class,attr"`
		Space string `xml:"http://www.w3.org/XML/1998/namespace space,attr"`
		Text  string `xml:",chardata"`
	}
	var read struct {
		Width  int    `xml:"width,attr"`
		Height int    `xml:"height,attr"`
		Lines  []line `xml:"text"`
	}
	decoder := xml.NewDecoder(strings.NewReader(svg))
	if err := decoder.Decode(&read); err != nil {
		t.Fatal(err)
	}
	if _, err := decoder.Token(); err != nil && !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	at := func(row int) int { return titleBar + row*lineHeight - 4 }
	want := []line{
		{margin, at(1), "command", "preserve", "$ make demo"},
		{margin, at(3), "step", "preserve", "==> 1 < 2 && 3 > 2"},
		{margin, at(4), "result", "preserve", `  /dev/vda   "hello"`},
		{margin, at(5), "cut", "preserve", "  … (4 lines left out)"},
		{margin, at(6), "result", "preserve", "  Plan: 6 to add"},
		{margin, at(7), "", "preserve", "plain   ]]>"},
	}
	if fmt.Sprint(read.Lines) != fmt.Sprint(want) {
		t.Errorf("got %v\nwant %v", read.Lines, want)
	}
	// The widest line has 22 characters, of which one has three bytes.
	if read.Width != 2*margin+22*charWidth || read.Height != at(7)+4+margin {
		t.Errorf("%d by %d pixels", read.Width, read.Height)
	}
}

func TestPictureHasColoursForLightAndDark(t *testing.T) {
	_, rules, found := strings.Cut(picture("x"), "@media (prefers-color-scheme: dark) {\n")
	if !found {
		t.Fatal("there are none for dark")
	}
	light, _, _ := strings.Cut(picture("x"), "@media")
	dark, _, _ := strings.Cut(rules, "\n}\n")
	classes := []string{"window", "button"}
	for _, class := range lineClasses {
		classes = append(classes, class.name)
	}
	for _, class := range classes {
		for mode, style := range map[string]string{"light": light, "dark": dark} {
			if !strings.Contains(style, "."+class+" { fill: #") {
				t.Errorf("no colour of %s for %s", class, mode)
			}
		}
	}
}
