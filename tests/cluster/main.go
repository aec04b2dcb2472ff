// Hyperkube is a whole Kubernetes in one program, for tests: the control plane, the parts of a node,
// kubectl, and a device plugin that claims GPUs where there are none.
//
//	hyperkube NAME FLAGS…
//
// NAME is one of the commands below; a link to the program with that name does the same.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	_ "time/tzdata" // CronJobs name time zones; an image may hold none.

	"github.com/spf13/cobra"

	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// Only the command that runs is built: each registers flags and feature gates of the whole process.
var commands = map[string]func(){
	"etcd":                    runEtcd,
	"fake-device-plugin":      runDevicePlugin,
	"kube-apiserver":          run(apiserver.NewAPIServerCommand),
	"kube-controller-manager": run(controllermanager.NewControllerManagerCommand),
	"kube-proxy":              run(proxy.NewProxyCommand),
	"kube-scheduler":          run(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
	"kubectl":                 runKubectl,
	"kubelet":                 run(func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) }),
}

func run(build func() *cobra.Command) func() {
	return func() { os.Exit(cli.Run(build())) }
}

func main() {
	command, known := commands[filepath.Base(os.Args[0])]
	if !known && len(os.Args) > 1 {
		os.Args = os.Args[1:]
		command, known = commands[os.Args[0]]
	}
	if !known {
		var names []string
		for name := range commands {
			names = append(names, name)
		}
		slices.Sort(names)
		fmt.Fprintln(os.Stderr, "usage: hyperkube NAME FLAGS…, where NAME is one of", names)
		os.Exit(2)
	}
	command()
}

func fatal(part string, err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", part, err)
	os.Exit(1)
}
