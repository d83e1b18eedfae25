package dev.freshet.trainer.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkersTest {

    private static final Duration LONG = Duration.ofSeconds(30);

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void everyPartIsDoneOnce(int threads) {
        AtomicIntegerArray done = new AtomicIntegerArray(100);
        try (Workers workers = new Workers(threads)) {
            for (int time = 1; time <= 50; time++) {
                workers.run(100, done::incrementAndGet);
                for (int part = 0; part < 100; part++) {
                    assertThat(done.get(part)).isEqualTo(time);
                }
            }
        }
    }

    @Test
    void aFailureOfAPartIsTheLoops() {
        try (Workers workers = new Workers(2)) {
            assertThatThrownBy(() -> workers.run(8, part -> {
                        if (part == 5) {
                            throw new ArithmeticException("of part 5");
                        }
                    }))
                    .hasRootCauseMessage("of part 5");
        }
    }

    @Test
    void nothingWaitsForAThreadThatIsBusy() throws Exception {
        AtomicIntegerArray done = new AtomicIntegerArray(4);
        CountDownLatch begun = new CountDownLatch(2);
        CountDownLatch release = new CountDownLatch(1);
        try (Workers workers = new Workers(2)) {
            Thread other = new Thread(() -> workers.run(2, part -> {
                begun.countDown();
                try {
                    release.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }));
            other.start();
            begun.await();
            try {
                assertTimeoutPreemptively(LONG, () -> workers.run(4, done::incrementAndGet));
            } finally {
                release.countDown();
                other.join();
            }
        }
        for (int part = 0; part < 4; part++) {
            assertThat(done.get(part)).isEqualTo(1);
        }
    }
}
