//! Networks whose answers are known.

use vitrine_people::{Element, Network, Port, Tensor, Values};

type Answer = Box<dyn FnMut(&Tensor) -> Vec<(String, Tensor)> + Send>;

/// A network that answers what a function says.
pub struct Fake {
    pub inputs: Vec<Port>,
    pub outputs: Vec<Port>,
    pub answer: Answer,
}

impl Network for Fake {
    fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    fn run(&mut self, inputs: &[(&str, Tensor)]) -> Result<Vec<(String, Tensor)>, String> {
        let [(name, tensor)] = inputs else { return Err("one input is expected".to_owned()) };
        assert_eq!(*name, self.inputs[0].name);
        assert_eq!(tensor.shape.iter().product::<usize>(), tensor.values.len());
        Ok((self.answer)(tensor))
    }
}

/// A port of floats; 0 for a dimension that is open.
pub fn port(name: &str, shape: &[usize]) -> Port {
    let shape = shape.iter().map(|&dim| (dim > 0).then_some(dim)).collect();
    Port { name: name.to_owned(), element: Element::F32, shape }
}

/// Floats with a name and a shape.
pub fn floats(name: &str, shape: &[usize], values: Vec<f32>) -> (String, Tensor) {
    (name.to_owned(), Tensor { shape: shape.to_vec(), values: Values::F32(values) })
}

/// Width and height of [`brightest`]'s input.
pub const SIDES: [usize; 2] = [48, 64];

/// By item: column and line of the brightest first channel of `[N, 3, 64, 48]`.
pub fn places(tensor: &Tensor) -> Vec<[usize; 2]> {
    let [width, height] = SIDES;
    let Values::F32(values) = &tensor.values else { panic!("floats are fed") };
    let brightest = |item: &[f32]| {
        let plane = item[..width * height].iter().enumerate();
        let (at, _) = plane.max_by(|one, two| one.1.total_cmp(two.1)).unwrap();
        [at % width, at / width]
    };
    values.chunks(3 * width * height).map(brightest).collect()
}

/// A SimCC network all of whose joints are the brightest pixel. `batch`: 0 for any.
pub fn brightest_simcc(batch: usize) -> Fake {
    let [width, height] = SIDES;
    Fake {
        inputs: vec![port("input", &[batch, 3, height, width])],
        outputs: vec![
            port("simcc_x", &[batch, 17, width * 2]),
            port("simcc_y", &[batch, 17, height * 2]),
        ],
        answer: Box::new(move |tensor| {
            let places = places(tensor);
            assert!(batch == 0 || places.len() == batch, "a fixed batch is filled");
            let axis = |name: &str, which: usize| {
                let bins = SIDES[which] * 2;
                let mut values = vec![0.0; places.len() * 17 * bins];
                for (item, place) in places.iter().enumerate() {
                    for joint in 0..17 {
                        values[(item * 17 + joint) * bins + place[which] * 2] = 0.75;
                    }
                }
                floats(name, &[places.len(), 17, bins], values)
            };
            vec![axis("simcc_x", 0), axis("simcc_y", 1)]
        }),
    }
}

/// A heatmap network all of whose joints are the brightest pixel, a cell a pixel.
pub fn brightest_heatmap() -> Fake {
    let [width, height] = SIDES;
    Fake {
        inputs: vec![port("input", &[0, 3, height, width])],
        outputs: vec![port("output", &[0, 17, height, width])],
        answer: Box::new(move |tensor| {
            let places = places(tensor);
            let mut values = vec![0.0; places.len() * 17 * width * height];
            for (map, values) in values.chunks_mut(width * height).enumerate() {
                let [column, line] = places[map / 17];
                values[line * width + column] = 0.75;
            }
            vec![floats("output", &[places.len(), 17, height, width], values)]
        }),
    }
}
