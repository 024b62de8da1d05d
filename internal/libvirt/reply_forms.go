package libvirt

import "encoding/binary"

// remoteProgram is the number of libvirt's main protocol. The others, of events of QEMU's monitor and of keep-alives, are never asked for.
const remoteProgram = 0x20008086

// longestString is libvirt's own limit for a text (REMOTE_STRING_MAX); mostElements is above all of its limits for lists.
const (
	longestString = 4 << 20
	mostElements  = 1 << 16
)

// The form of a payload, letter by letter: s is a text or bytes with their length, u a UUID, i a word, t a typed parameter, and what
// follows a [ is repeated as often as the word before it says. What has a fixed length at the end need not be in it.
const (
	errorForm  = "iiis"
	domainForm = "sui"
	textForm   = "s"
)

// replyForms are the forms of those replies that have anything but fixed lengths, by the procedure.
var replyForms = map[uint32]string{
	7:   textForm,          // ConnectGetCapabilities
	10:  domainForm,        // DomainCreateXML
	14:  textForm,          // DomainGetXMLDesc
	23:  domainForm,        // DomainLookupByName
	24:  domainForm,        // DomainLookupByUUID
	59:  textForm,          // ConnectGetHostname
	66:  "[i",              // AuthList
	84:  "su",              // StoragePoolLookupByName
	88:  textForm,          // StoragePoolGetXMLDesc
	141: "uis",             // SecretLookupByUUID
	142: "uis",             // SecretDefineXML
	143: textForm,          // SecretGetXMLDesc
	145: textForm,          // SecretGetValue
	147: "uis",             // SecretLookupByUsage
	186: textForm,          // DomainSnapshotGetXMLDesc
	273: "[" + domainForm,  // ConnectListAllDomains
	274: "[s" + domainForm, // DomainListAllSnapshots
	281: "[su",             // ConnectListAllStoragePools
	287: "[uis",            // ConnectListAllSecrets
	298: "i[t",             // DomainGetJobStats
	388: textForm,          // DomainManagedSaveGetXMLDesc
	412: textForm,          // DomainCheckpointGetXMLDesc
	413: "[s" + domainForm, // DomainListAllCheckpoints
}

// eventForms are those of the events that are subscribed to.
var eventForms = map[uint32]string{
	333: "i" + domainForm + "s", // DomainEventCallbackDeviceRemoved
	367: "i" + domainForm + "s", // DomainEventCallbackDeviceRemovalFailed
}

// hasForm tells whether a payload holds all that its form says, so that each length in it is true.
func hasForm(payload []byte, form string) bool {
	p := &payloadReader{rest: payload}
	for i := 0; i < len(form) && !p.failed; i++ {
		if form[i] != '[' {
			p.skip(form[i])
			continue
		}
		count := p.word()
		if count > mostElements {
			return false
		}
		for range count {
			for _, letter := range []byte(form[i+1:]) {
				p.skip(letter)
			}
		}
		break
	}
	return !p.failed
}

type payloadReader struct {
	rest   []byte
	failed bool
}

func (p *payloadReader) take(n int) []byte {
	if n > len(p.rest) {
		p.failed, p.rest = true, nil
		return nil
	}
	taken := p.rest[:n]
	p.rest = p.rest[n:]
	return taken
}

func (p *payloadReader) word() uint32 {
	if word := p.take(4); word != nil {
		return binary.BigEndian.Uint32(word)
	}
	return 0
}

func (p *payloadReader) skip(letter byte) {
	switch letter {
	case 's':
		n := p.word()
		p.failed = p.failed || n > longestString
		if !p.failed {
			p.take((int(n) + 3) / 4 * 4)
		}
	case 'u':
		p.take(16)
	case 'i':
		p.take(4)
	case 't':
		p.skip('s')
		switch p.word() {
		case 1, 2, 6: // int, unsigned int, boolean
			p.take(4)
		case 3, 4, 5: // long, unsigned long, double
			p.take(8)
		case 7:
			p.skip('s')
		default:
			p.failed = true
		}
	}
}
