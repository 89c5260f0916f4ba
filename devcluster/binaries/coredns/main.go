// Coredns is CoreDNS with the plugins that devcluster's Corefile names; with all of them it is a sixth of what is built.
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"

	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/loop"
)

func main() {
	dnsserver.Directives = []string{"bind", "errors", "kubernetes", "loop"}
	coremain.Run()
}
