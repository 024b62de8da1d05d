package libvirt

import (
	"fmt"
	"maps"
	"regexp"
	"strings"

	rpc "github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"
)

// Limits are the I/O limits of a disk.
type Limits struct {
	// Rates by the names of LimitNames: bytes or operations per second, the lengths of bursts in seconds. What is missing is unlimited.
	Rates map[string]uint64
	// Group is the name of the limits that several disks of the domain share; empty for limits of this disk alone.
	Group string
}

type iotune = libvirtxml.DomainDiskIOTune

var limits = []struct {
	name string
	at   func(*iotune) *uint64
}{
	{"total_bytes_sec", func(t *iotune) *uint64 { return &t.TotalBytesSec }},
	{"read_bytes_sec", func(t *iotune) *uint64 { return &t.ReadBytesSec }},
	{"write_bytes_sec", func(t *iotune) *uint64 { return &t.WriteBytesSec }},
	{"total_iops_sec", func(t *iotune) *uint64 { return &t.TotalIopsSec }},
	{"read_iops_sec", func(t *iotune) *uint64 { return &t.ReadIopsSec }},
	{"write_iops_sec", func(t *iotune) *uint64 { return &t.WriteIopsSec }},
	{"total_bytes_sec_max", func(t *iotune) *uint64 { return &t.TotalBytesSecMax }},
	{"read_bytes_sec_max", func(t *iotune) *uint64 { return &t.ReadBytesSecMax }},
	{"write_bytes_sec_max", func(t *iotune) *uint64 { return &t.WriteBytesSecMax }},
	{"total_iops_sec_max", func(t *iotune) *uint64 { return &t.TotalIopsSecMax }},
	{"read_iops_sec_max", func(t *iotune) *uint64 { return &t.ReadIopsSecMax }},
	{"write_iops_sec_max", func(t *iotune) *uint64 { return &t.WriteIopsSecMax }},
	{"total_bytes_sec_max_length", func(t *iotune) *uint64 { return &t.TotalBytesSecMaxLength }},
	{"read_bytes_sec_max_length", func(t *iotune) *uint64 { return &t.ReadBytesSecMaxLength }},
	{"write_bytes_sec_max_length", func(t *iotune) *uint64 { return &t.WriteBytesSecMaxLength }},
	{"total_iops_sec_max_length", func(t *iotune) *uint64 { return &t.TotalIopsSecMaxLength }},
	{"read_iops_sec_max_length", func(t *iotune) *uint64 { return &t.ReadIopsSecMaxLength }},
	{"write_iops_sec_max_length", func(t *iotune) *uint64 { return &t.WriteIopsSecMaxLength }},
	{"size_iops_sec", func(t *iotune) *uint64 { return &t.SizeIopsSec }},
}

// LimitNames are libvirt's names of all limits.
func LimitNames() []string {
	names := make([]string, len(limits))
	for i, l := range limits {
		names[i] = l.name
	}
	return names
}

// limitsOf reads the limits without what libvirt fills in by itself: a burst of one second, and a group per disk.
func limitsOf(e domainDisk) Limits {
	tune := value(e.IOTune)
	l := Limits{Rates: map[string]uint64{}}
	for _, limit := range limits {
		l.Rates[limit.name] = *limit.at(&tune)
	}
	if !ownGroup(tune.GroupName, value(e.Alias).Name) {
		l.Group = tune.GroupName
	}
	return l.normal()
}

// normal leaves out what isn't limited, and the length of a burst that is libvirt's own of one second.
func (l Limits) normal() Limits {
	rates := maps.Clone(l.Rates)
	maps.DeleteFunc(rates, func(name string, n uint64) bool { return n == 0 || n == 1 && strings.HasSuffix(name, "_max_length") })
	if len(rates) == 0 {
		rates = nil
	}
	return Limits{Rates: rates, Group: l.Group}
}

// setLimits writes the limits. What libvirt filled in by itself stays, for as long as there is what it belongs to.
func setLimits(d *Disk, e *domainDisk) {
	was, tune := limitsOf(*e), value(e.IOTune)
	for _, limit := range limits {
		n := d.Limits.Rates[limit.name]
		burst, isLength := strings.CutSuffix(limit.name, "_length")
		if isLength && n == was.Rates[limit.name] && d.Limits.Rates[burst] > 0 {
			continue
		}
		*limit.at(&tune) = n
	}
	if d.Limits.Group != was.Group || len(d.Limits.normal().Rates) == 0 {
		tune.GroupName = d.Limits.Group
	}
	e.IOTune = nil
	if tune != (iotune{}) {
		e.IOTune = &tune
	}
}

// parameters name every limit: libvirt keeps what a call leaves out.
func (l Limits) parameters() []rpc.TypedParam {
	params := make([]rpc.TypedParam, 0, len(limits)+1)
	for _, limit := range limits {
		params = append(params, rpc.TypedParam{Field: limit.name, Value: *rpc.NewTypedParamValueUllong(l.Rates[limit.name])})
	}
	if l.Group != "" {
		params = append(params, rpc.TypedParam{Field: "group_name", Value: *rpc.NewTypedParamValueString(l.Group)})
	}
	return params
}

// generatedGroup matches the names that libvirt gives to groups of its own.
var generatedGroup = regexp.MustCompile(`^libvirt-[0-9]+(-|$)`)

// ownGroup tells whether a group of limits is the one that libvirt makes for a disk without another: none that has a name, or
// one that is named after the disk.
func ownGroup(name, alias string) bool {
	return name == "" || alias != "" && strings.Contains(name, alias) || generatedGroup.MatchString(name)
}

// DescribeLimit explains a limit by the words of its name.
func DescribeLimit(name string) string {
	if name == "size_iops_sec" {
		return "Bytes that count as one operation: a larger request counts as several."
	}
	first, _, _ := strings.Cut(name, "_")
	direction := map[string]string{"total": "reading and writing together", "read": "reading", "write": "writing"}[first]
	unit := "Operations per second"
	if strings.Contains(name, "_bytes_") {
		unit = "Bytes per second"
	}
	switch {
	case strings.HasSuffix(name, "_max_length"):
		return "How long a burst may last, in seconds, " + direction + ". Left out it is 1."
	case strings.HasSuffix(name, "_max"):
		return unit + " during a burst, " + direction + "."
	}
	return unit + ", " + direction + "."
}

// MaxLimit is the largest number that QEMU takes for a limit.
const MaxLimit = 1_000_000_000_000_000

// LimitConflicts are limits that exclude or need each other, as QEMU sees it, of those that are set; the value of one that is not known yet
// is 0. libvirt puts them into a saved definition as they are, which then can't be started.
func LimitConflicts(get func(name string) (n int64, set bool)) []Conflict {
	var list []Conflict
	set := func(name string) bool {
		_, is := get(name)
		return is
	}
	add := func(name, other, format string, values ...any) {
		list = append(list, Conflict{[]string{name, other}, fmt.Sprintf(format, values...)})
	}
	for _, what := range []string{"bytes_sec", "iops_sec", "bytes_sec_max", "iops_sec_max"} {
		for _, direction := range []string{"read_", "write_"} {
			if set("total_"+what) && set(direction+what) {
				add("total_"+what, direction+what, "total_%s and %s%s exclude each other. Limit the total, or reading and writing apart.",
					what, direction, what)
			}
		}
	}
	for _, name := range LimitNames() {
		if base, ok := strings.CutSuffix(name, "_length"); ok && set(name) && !set(base) {
			add(name, base, "%s is the length of the burst that %s allows. Set that too.", name, base)
		}
		base, ok := strings.CutSuffix(name, "_max")
		n, isSet := get(name)
		if !ok || !isSet {
			continue
		}
		if rate, limited := get(base); !limited {
			add(name, base, "%s is how far a burst may go beyond %s. Set that too.", name, base)
		} else if n < rate {
			add(name, base, "%s is below %s, and a burst can't be slower. Raise it, or leave it out.", name, base)
		}
	}
	if !set("total_iops_sec") && !set("read_iops_sec") && !set("write_iops_sec") && set("size_iops_sec") {
		add("size_iops_sec", "total_iops_sec",
			"size_iops_sec says what counts as one operation, and operations have no limit. Set total_iops_sec too.")
	}
	return list
}
