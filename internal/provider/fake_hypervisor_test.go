package provider_test

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Procedures of libvirt's remote protocol, and its codes of errors.
const (
	procConnectOpen      = 1
	procConnectClose     = 2
	procCreateXML        = 10
	procGetCapabilities  = 7
	procDomainXML        = 14
	procDomainByName     = 23
	procDomainByUUID     = 24
	procAuthList         = 66
	procSecretByUUID     = 141
	procSecretDefine     = 142
	procSecretXML        = 143
	procSecretSetValue   = 144
	procSecretValue      = 145
	procSecretUndefine   = 146
	procSecretByUsage    = 147
	procIsPersistent     = 151
	procLibVersion       = 157
	procAttachFlags      = 160
	procDetachFlags      = 161
	procUpdateFlags      = 174
	procHasManagedSave   = 183
	procBlockInfo        = 194
	procBlockJobInfo     = 238
	procControlInfo      = 229
	procDestroyFlags     = 234
	procGetState         = 212
	procSetIOTune        = 252
	procListDomains      = 273
	procListSnapshots    = 274
	procListStoragePools = 281
	procListSecrets      = 287
	procJobStats         = 298
	procEventRegister    = 316
	procDetachAlias      = 392
	procListCheckpoints  = 413

	errNoDomain = 42
	errNoSecret = 66
)

// fakeHypervisor is a host with one running, persistent domain that takes and gives up disks at once, and with secrets. It is dialled in
// memory, so that its tests run with synctest's clock.
type fakeHypervisor struct {
	uuid, domain, domainUUID string
	libVersion               uint32 // as libvirt counts; 9.0 where it is 0
	// answers decides before each call, and before each dial, whether it is answered; nil answers all.
	answers func() bool
	// keeps is the image whose disk the guest never gives up.
	keeps string
	// refuses are the procedures that are refused, with the code and the daemon's words.
	refuses map[uint32]refusal
	// off is set while the domain is shut off.
	off bool
	// eats is the procedure that takes effect, and whose answer is lost with the connection; gone is set from then on, while nobody connects.
	eats uint32
	gone atomic.Bool
	// closes is waited for by the end of each connection, where it is set.
	closes chan struct{}

	mu          sync.Mutex
	callbacks   uint32
	live, saved []string              // the XML of disks
	secrets     map[string]fakeSecret // by UUID
}

type refusal struct {
	code  uint32
	words string
}

type fakeSecret struct{ uuid, usage, xml, value string }

func (s fakeSecret) usageType() uint32 {
	if strings.Contains(s.xml, "<volume>") {
		return 1
	}
	return 2 // ceph
}

// Dial connects in memory.
func (f *fakeHypervisor) Dial(ctx context.Context) (io.ReadWriteCloser, error) {
	if f.answers != nil && !f.answers() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if f.gone.Load() {
		return nil, errors.New("connection refused")
	}
	here, there := net.Pipe()
	go f.serve(there)
	if f.closes != nil {
		return slowlyClosed{here, f.closes}, nil
	}
	return here, nil
}

// slowlyClosed is a stream whose end takes as long as told.
type slowlyClosed struct {
	net.Conn

	closes chan struct{}
}

func (s slowlyClosed) Close() error {
	<-s.closes
	return s.Conn.Close()
}

func (f *fakeHypervisor) serve(conn net.Conn) {
	var writing sync.Mutex
	for {
		var head [28]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[:])-28)
		if _, err := io.ReadFull(conn, body); err != nil {
			return
		}
		if f.answers != nil && !f.answers() {
			continue
		}
		go func() {
			procedure, words := binary.BigEndian.Uint32(head[12:]), "the daemon's own words"
			reply, code := []byte(nil), f.refuses[procedure].code
			if code != 0 {
				words = f.refuses[procedure].words
			} else {
				reply, code = f.reply(procedure, &xdr{body})
			}
			if f.eats == procedure {
				f.gone.Store(true)
				_ = conn.Close()
				return
			}
			status := uint32(0)
			if code != 0 {
				status = 1
				reply = slices.Concat(xdrWord(code), xdrWord(10), xdrWord(1), xdrText(words), xdrWord(2))
			}
			out := slices.Concat(head[:], reply)
			binary.BigEndian.PutUint32(out, uint32(len(out)))
			binary.BigEndian.PutUint32(out[16:], 1) // a reply
			binary.BigEndian.PutUint32(out[24:], status)
			writing.Lock()
			defer writing.Unlock()
			_, _ = conn.Write(out)
		}()
	}
}

// xdr is what is left of a call's arguments.
type xdr struct{ rest []byte }

func (x *xdr) word() uint32 {
	n := binary.BigEndian.Uint32(x.rest)
	x.rest = x.rest[4:]
	return n
}

func (x *xdr) text() string {
	n := int(x.word())
	text := string(x.rest[:n])
	x.rest = x.rest[(n+3)/4*4:]
	return text
}

func (x *xdr) uuid() string {
	u := x.rest[:16]
	x.rest = x.rest[16:]
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// object skips a domain, or another object with a name, a UUID and a number.
func (x *xdr) object() (name, uuid string) {
	name, uuid = x.text(), x.uuid()
	x.word()
	return name, uuid
}

func xdrWord(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

func xdrText(s string) []byte {
	out := append(xdrWord(uint32(len(s))), s...)
	return append(out, make([]byte, (4-len(out)%4)%4)...)
}

func xdrUUID(text string) []byte {
	raw := make([]byte, 16)
	if _, err := fmt.Sscanf(strings.ReplaceAll(text, "-", ""), "%x", &raw); err != nil {
		panic(err)
	}
	return raw
}

func (f *fakeHypervisor) xdrDomain() []byte {
	return slices.Concat(xdrText(f.domain), xdrUUID(f.domainUUID), xdrWord(1))
}

func (s fakeSecret) xdr() []byte {
	return slices.Concat(xdrUUID(s.uuid), xdrWord(s.usageType()), xdrText(s.usage))
}

var (
	uuidElement   = regexp.MustCompile(`<uuid>(.*)</uuid>`)
	usageElement  = regexp.MustCompile(`<(?:name|volume)>(.*)</(?:name|volume)>`)
	targetElement = regexp.MustCompile(`<target dev=.([a-z]+).`)
	aliasElement  = regexp.MustCompile(`<alias name=.([^'"]+).`)
)

func (f *fakeHypervisor) reply(procedure uint32, call *xdr) (reply []byte, code uint32) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch procedure {
	case procAuthList:
		return slices.Concat(xdrWord(1), xdrWord(0)), 0
	case procGetCapabilities:
		return xdrText("<capabilities><host><uuid>" + f.uuid + "</uuid></host></capabilities>"), 0
	case procLibVersion:
		return slices.Concat(xdrWord(0), xdrWord(cmp.Or(f.libVersion, 9_000_000))), 0
	case procSecretByUUID, procSecretByUsage, procSecretDefine, procSecretXML, procSecretSetValue, procSecretValue, procSecretUndefine,
		procListSecrets:
		return f.replyOfSecrets(procedure, call)
	default:
		return f.replyOfDomain(procedure, call)
	}
}

func (f *fakeHypervisor) replyOfSecrets(procedure uint32, call *xdr) (reply []byte, code uint32) {
	switch procedure {
	case procListSecrets:
		reply = xdrWord(uint32(len(f.secrets)))
		for _, secret := range f.secrets {
			reply = append(reply, secret.xdr()...)
		}
		return append(reply, xdrWord(uint32(len(f.secrets)))...), 0
	case procSecretDefine:
		text := call.text()
		secret := fakeSecret{uuidElement.FindStringSubmatch(text)[1], usageElement.FindStringSubmatch(text)[1], text, ""}
		secret.value = f.secrets[secret.uuid].value
		f.secrets[secret.uuid] = secret
		return secret.xdr(), 0
	case procSecretByUsage:
		usageType, usage := call.word(), call.text()
		for _, secret := range f.secrets {
			if secret.usageType() == usageType && secret.usage == usage {
				return secret.xdr(), 0
			}
		}
		return nil, errNoSecret
	}
	secret, found := f.secrets[call.uuid()]
	if !found {
		return nil, errNoSecret
	}
	switch procedure {
	case procSecretByUUID:
		return secret.xdr(), 0
	case procSecretXML:
		return xdrText(secret.xml), 0
	case procSecretValue:
		return xdrText(secret.value), 0
	case procSecretUndefine:
		delete(f.secrets, secret.uuid)
	case procSecretSetValue:
		call.word()
		call.text()
		secret.value = call.text()
		f.secrets[secret.uuid] = secret
	}
	return nil, 0
}

func (f *fakeHypervisor) replyOfDomain(procedure uint32, call *xdr) (reply []byte, code uint32) {
	const savedFlag = 2
	const transient, managedSave, hasSnapshot, hasCheckpoint = 1 << 3, 1 << 8, 1 << 12, 1 << 16 // the listing is of such only
	switch procedure {
	case procListDomains:
		call.word()
		if call.word()&(transient|managedSave|hasSnapshot|hasCheckpoint) != 0 {
			return slices.Concat(xdrWord(0), xdrWord(0)), 0
		}
		return slices.Concat(xdrWord(1), f.xdrDomain(), xdrWord(1)), 0
	case procDomainByName:
		if call.text() != f.domain {
			return nil, errNoDomain
		}
		return f.xdrDomain(), 0
	case procDomainByUUID:
		if call.uuid() != f.domainUUID {
			return nil, errNoDomain // a probe has ended by itself
		}
		return f.xdrDomain(), 0
	case procCreateXML:
		return f.xdrDomain(), 0
	case procIsPersistent, procGetState:
		return slices.Concat(xdrWord(1), xdrWord(1)), 0
	case procDomainXML:
		call.object()
		id, disks := " id='1'", f.live
		if call.word()&savedFlag != 0 || f.off {
			id, disks = "", f.saved
		}
		return xdrText(fmt.Sprintf("<domain type='qemu'%s><name>%s</name><uuid>%s</uuid><os><type arch='x86_64' machine='pc'>hvm</type></os>"+
			"<features><acpi/></features>"+
			"<devices><emulator>/usr/bin/qemu</emulator>%s</devices></domain>", id, f.domain, f.domainUUID, strings.Join(disks, ""))), 0
	case procAttachFlags:
		call.object()
		disk := call.text()
		flags := call.word()
		if flags&1 != 0 {
			f.live = append(f.live, disk)
		}
		if flags&savedFlag != 0 {
			f.saved = append(f.saved, disk)
		}
		return nil, 0
	case procUpdateFlags:
		call.object()
		f.saved = []string{call.text()}
		return nil, 0
	case procDetachFlags:
		call.object()
		target := targetElement.FindStringSubmatch(call.text())[1]
		f.saved = slices.DeleteFunc(f.saved, func(disk string) bool { return targetElement.FindStringSubmatch(disk)[1] == target })
		return nil, 0
	case procDetachAlias:
		call.object()
		alias := call.text()
		f.live = slices.DeleteFunc(f.live, func(disk string) bool {
			return aliasElement.FindStringSubmatch(disk)[1] == alias && (f.keeps == "" || !strings.Contains(disk, f.keeps))
		})
		return nil, 0
	case procEventRegister:
		f.callbacks++
		return xdrWord(f.callbacks), 0
	case procJobStats:
		return slices.Concat(xdrWord(0), xdrWord(0)), 0
	case procListSnapshots, procListCheckpoints, procListStoragePools:
		return slices.Concat(xdrWord(0), xdrWord(0)), 0
	case procDestroyFlags, procSetIOTune, procConnectOpen, procConnectClose:
		return nil, 0
	case procBlockInfo:
		const mebibyte = 1 << 20 // the size of all disks
		return slices.Concat(xdrWord(0), xdrWord(mebibyte), xdrWord(0), xdrWord(mebibyte), xdrWord(0), xdrWord(mebibyte)), 0
	case procHasManagedSave, procBlockJobInfo, procControlInfo:
		return make([]byte, 32), 0
	}
	panic(fmt.Sprintf("the fake hypervisor has no answer to procedure %d", procedure))
}
