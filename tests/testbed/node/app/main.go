// app is the one program of every image: it runs until it is told to end. Its argument
// is "done", to end well at once, or a file: when that appears, it removes it and ends
// with status 1, so that its container restarts when a test wants it to.
package main

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	if len(os.Args) > 1 {
		if os.Args[1] == "done" {
			return
		}
		go watch(os.Args[1])
	}
	<-ended
}

func watch(file string) {
	for range time.Tick(50 * time.Millisecond) {
		if os.Remove(file) == nil {
			os.Exit(1)
		}
	}
}
